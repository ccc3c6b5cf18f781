"""LLVM's text of the pool of threads that parts of kernels are shared out to.

The threads are the system's, not Python's: they never touch an object, and are started by the
first call that has something for them. A call lays down a function and the number of its parts;
whoever is free, the caller among them, takes the next part until there is none, so that a thread
that lost its processor holds up no more than the part in its hands.
"""

from __future__ import annotations

import platform
import signal
import sys

MOST_THREADS = 256
"""No more are started."""

SPINS = 2000
"""So many looks for new work, some tens of microseconds, before a thread goes to sleep."""

STACK = 1 << 22
"""Bytes of a thread's stack."""

_PAUSES = {
    "x86_64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "AMD64": ("declare void @llvm.x86.sse2.pause()", "call void @llvm.x86.sse2.pause()"),
    "aarch64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
    "arm64": ("declare void @llvm.aarch64.hint(i32)", "call void @llvm.aarch64.hint(i32 1)"),
}

_ALONE = """
define void @NAME(ptr %function, ptr %context, i64 %parts) nounwind {
entry:
  br label %turn
turn:
  %part = phi i64 [ 0, %entry ], [ %following, %body ]
  %more = icmp slt i64 %part, %parts
  br i1 %more, label %body, label %done
body:
  call void %function(ptr %context, i64 %part)
  %following = add i64 %part, 1
  br label %turn
done:
  ret void
}
"""

_POOL = """
@busy = internal global i32 0, align 128
@epoch = internal global i32 0, align 128
@next = internal global i64 0, align 128
@active = internal global i64 0, align 128
@sleepers = internal global i64 0, align 128
@open = internal global i32 0, align 128
@function = internal global ptr null
@context = internal global ptr null
@parts = internal global i64 0
@stopping = internal global i32 0, align 128
@wanted = internal global i64 0
@running = internal global i64 0
@threads = internal global [MOST x i64] zeroinitializer
@mutex = internal global [128 x i8] zeroinitializer, align 64
@condition = internal global [128 x i8] zeroinitializer, align 64

declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_attr_init(ptr)
declare i32 @pthread_attr_setstacksize(ptr, i64)
declare i32 @pthread_attr_destroy(ptr)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @sigfillset(ptr)
declare i32 @sched_yield()
DECLARE_PAUSE

define internal void @take_parts() nounwind {
entry:
  %function = load ptr, ptr @function
  %context = load ptr, ptr @context
  %parts = load i64, ptr @parts
  br label %turn
turn:
  %part = atomicrmw add ptr @next, i64 1 acq_rel
  %more = icmp slt i64 %part, %parts
  br i1 %more, label %body, label %done
body:
  call void %function(ptr %context, i64 %part)
  br label %turn
done:
  ret void
}

define internal ptr @work(ptr %begun) nounwind {
entry:
  %first = ptrtoint ptr %begun to i64
  %seen_first = trunc i64 %first to i32
  br label %look
look:
  %seen = phi i32 [ %seen_first, %entry ], [ %seen, %again ], [ %seen, %woken ], [ %now, %left ]
  %spins = phi i64 [ SPINS, %entry ], [ %fewer, %again ], [ SPINS, %woken ], [ SPINS, %left ]
  %now = load atomic i32, ptr @epoch seq_cst, align 4
  %new = icmp ne i32 %now, %seen
  br i1 %new, label %enter, label %idle
idle:
  %fewer = sub i64 %spins, 1
  %tired = icmp sle i64 %fewer, 0
  br i1 %tired, label %lie_down, label %again
again:
  PAUSE
  br label %look
lie_down:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  %s0 = atomicrmw add ptr @sleepers, i64 1 seq_cst
  br label %sleep
sleep:
  %still = load atomic i32, ptr @epoch seq_cst, align 4
  %same = icmp eq i32 %still, %seen
  br i1 %same, label %wait, label %woken
wait:
  %w = call i32 @pthread_cond_wait(ptr @condition, ptr @mutex)
  br label %sleep
woken:
  %s1 = atomicrmw sub ptr @sleepers, i64 1 seq_cst
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %look
enter:
  %ends = load atomic i32, ptr @stopping seq_cst, align 4
  %goes = icmp ne i32 %ends, 0
  br i1 %goes, label %end, label %join
join:
  %a0 = atomicrmw add ptr @active, i64 1 seq_cst
  %is_open = load atomic i32, ptr @open seq_cst, align 4
  %works = icmp ne i32 %is_open, 0
  br i1 %works, label %run, label %left
run:
  call void @take_parts()
  br label %left
left:
  %a1 = atomicrmw sub ptr @active, i64 1 seq_cst
  br label %look
end:
  ret ptr null
}

define internal void @begin() nounwind {
entry:
  %attributes = alloca [128 x i8], align 64
  %every = alloca [128 x i8], align 64
  %before = alloca [128 x i8], align 64
  %thread = alloca i64
  %wanted = load i64, ptr @wanted
  %m = call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  %c = call i32 @pthread_cond_init(ptr @condition, ptr null)
  %i = call i32 @pthread_attr_init(ptr %attributes)
  %k = call i32 @pthread_attr_setstacksize(ptr %attributes, i64 STACK)
  %f = call i32 @sigfillset(ptr %every)
  %g = call i32 @pthread_sigmask(i32 SETMASK, ptr %every, ptr %before)
  %epoch = load atomic i32, ptr @epoch seq_cst, align 4
  %epoch64 = zext i32 %epoch to i64
  %given = inttoptr i64 %epoch64 to ptr
  br label %turn
turn:
  %n = phi i64 [ 0, %entry ], [ %following, %begun ]
  %more = icmp slt i64 %n, %wanted
  br i1 %more, label %create, label %done
create:
  %failed = call i32 @pthread_create(ptr %thread, ptr %attributes, ptr @work, ptr %given)
  %fine = icmp eq i32 %failed, 0
  br i1 %fine, label %begun, label %fewer
begun:
  %id = load i64, ptr %thread
  %place = getelementptr i64, ptr @threads, i64 %n
  store i64 %id, ptr %place
  %following = add i64 %n, 1
  br label %turn
fewer:
  store i64 %n, ptr @wanted
  br label %done
done:
  store i64 %n, ptr @running
  %h = call i32 @pthread_sigmask(i32 SETMASK, ptr %before, ptr null)
  %d = call i32 @pthread_attr_destroy(ptr %attributes)
  ret void
}

define void @parallel(ptr %function, ptr %context, i64 %parts) nounwind {
entry:
  %wanted = load i64, ptr @wanted
  %some = icmp sgt i64 %wanted, 0
  br i1 %some, label %ask, label %alone
ask:
  %pair = cmpxchg ptr @busy, i32 0, i32 1 seq_cst seq_cst
  %mine = extractvalue { i32, i1 } %pair, 1
  br i1 %mine, label %have, label %alone
have:
  %running = load i64, ptr @running
  %none = icmp eq i64 %running, 0
  br i1 %none, label %start, label %lay
start:
  call void @begin()
  br label %lay
lay:
  store ptr %function, ptr @function
  store ptr %context, ptr @context
  store i64 %parts, ptr @parts
  store atomic i64 0, ptr @next seq_cst, align 8
  store atomic i32 1, ptr @open seq_cst, align 4
  %e = atomicrmw add ptr @epoch, i32 1 seq_cst
  %asleep = load atomic i64, ptr @sleepers seq_cst, align 8
  %others = sub i64 %parts, 1
  %enough = icmp slt i64 %asleep, %others
  %calls = select i1 %enough, i64 %asleep, i64 %others
  %any = icmp sgt i64 %calls, 0
  br i1 %any, label %lock, label %run
lock:
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  br label %wake
wake:
  %called = phi i64 [ 0, %lock ], [ %called_next, %wake ]
  %s = call i32 @pthread_cond_signal(ptr @condition)
  %called_next = add i64 %called, 1
  %more_calls = icmp slt i64 %called_next, %calls
  br i1 %more_calls, label %wake, label %unlock
unlock:
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %run
run:
  call void @take_parts()
  store atomic i32 0, ptr @open seq_cst, align 4
  br label %wait
wait:
  %spins = phi i64 [ 0, %run ], [ %spins_next, %pause ], [ 0, %yield ]
  %active = load atomic i64, ptr @active seq_cst, align 8
  %quiet = icmp eq i64 %active, 0
  br i1 %quiet, label %leave, label %longer
longer:
  %spins_next = add i64 %spins, 1
  %long = icmp sgt i64 %spins_next, SPINS
  br i1 %long, label %yield, label %pause
pause:
  PAUSE
  br label %wait
yield:
  %y = call i32 @sched_yield()
  br label %wait
leave:
  store atomic i32 0, ptr @busy seq_cst, align 4
  ret void
alone:
  call void @alone(ptr %function, ptr %context, i64 %parts)
  ret void
}

define void @hold() nounwind {
entry:
  br label %ask
ask:
  %pair = cmpxchg ptr @busy, i32 0, i32 1 seq_cst seq_cst
  %mine = extractvalue { i32, i1 } %pair, 1
  br i1 %mine, label %have, label %later
later:
  %y = call i32 @sched_yield()
  br label %ask
have:
  %running = load i64, ptr @running
  %none = icmp eq i64 %running, 0
  br i1 %none, label %done, label %stop
stop:
  store atomic i32 1, ptr @stopping seq_cst, align 4
  %e = atomicrmw add ptr @epoch, i32 1 seq_cst
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  %b = call i32 @pthread_cond_broadcast(ptr @condition)
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %turn
turn:
  %n = phi i64 [ 0, %stop ], [ %following, %body ]
  %more = icmp slt i64 %n, %running
  br i1 %more, label %body, label %stopped
body:
  %place = getelementptr i64, ptr @threads, i64 %n
  %id = load i64, ptr %place
  %j = call i32 @pthread_join(i64 %id, ptr null)
  %following = add i64 %n, 1
  br label %turn
stopped:
  store i64 0, ptr @running
  store atomic i32 0, ptr @stopping seq_cst, align 4
  br label %done
done:
  ret void
}

define void @let_go(i64 %wanted) nounwind {
entry:
  store i64 %wanted, ptr @wanted
  store atomic i32 0, ptr @busy seq_cst, align 4
  ret void
}

define i64 @started() nounwind {
entry:
  %running = load i64, ptr @running
  ret i64 %running
}
"""


def has_threads() -> bool:
    """True where threads are those of POSIX; elsewhere all parts are done by the caller."""
    return sys.platform != "win32"


def text() -> str:
    """The module.

    ``parallel(function, context, parts)`` calls the function with the context and each number of a
    part. ``hold`` ends all threads, after what they do, and lets nobody begin until ``let_go``,
    which says how many threads there may be beside the caller's. ``started`` says how many run.
    """
    if not has_threads():
        return _ALONE.replace("NAME", "parallel")
    declaration, pause = _PAUSES.get(platform.machine(), ("", "fence seq_cst"))
    found = _ALONE.replace("NAME", "alone") + _POOL
    found = found.replace("DECLARE_PAUSE", declaration).replace("PAUSE", pause)
    found = found.replace("SETMASK", str(int(signal.SIG_SETMASK))).replace("SPINS", str(SPINS))
    return found.replace("[MOST x", f"[{MOST_THREADS} x").replace("STACK", str(STACK))


__all__ = ["MOST_THREADS", "has_threads", "text"]
