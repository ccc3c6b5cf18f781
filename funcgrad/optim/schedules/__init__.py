"""Schedules: functions from the number of updates made so far to a hyper-parameter.

They take Python integers, arrays of counts (and return arrays of values), and traced counts. Some
arguments mean the same in all of them:

    init_value: the value at the beginning: at count 0, or up to transition_begin.
    peak_value: the largest value; after a warm-up it is reached at warmup_steps.
    end_value: the value at the end and after it.
    transition_begin: the count at which the value begins to change.
    transition_steps: the number of counts in which it changes; 0 if it never does.
    warmup_steps: the number of counts of the straight line up to peak_value.
    decay_steps: the number of counts of the warm-up, if there is one, and of the decay.
    exponent: the power of the cosine.
"""
