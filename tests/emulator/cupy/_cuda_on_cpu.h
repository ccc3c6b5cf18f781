// CUDA C++ as plain C++: every thread of a block is a fibre, run in turns from barrier to barrier.
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <ucontext.h>
using namespace std;

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __constant__ static
#define __shared__ static

struct dim3 { unsigned x, y, z; dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1)
              : x(a), y(b), z(c) {} };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;

namespace shim {
struct fibre { ucontext_t context; vector<char> stack; dim3 index; bool done; };
static vector<fibre> fibres;
static ucontext_t host;
static int now;
static char* dynamic_shared;
static void (*body)(void*);
static void* arguments;
static unsigned long long exchanged[1024];

static void wait() {                         // until all threads of the block are here
    swapcontext(&fibres[now].context, &host);
    threadIdx = fibres[now].index;
}
static void entry() { body(arguments); fibres[now].done = true; }

static void run_block(int threads) {
    for (int i = 0; i < threads; ++i) {
        fibre& f = fibres[i];
        getcontext(&f.context);
        f.context.uc_stack.ss_sp = f.stack.data();
        f.context.uc_stack.ss_size = f.stack.size();
        f.context.uc_link = &host;
        f.done = false;
        f.index = dim3(i % blockDim.x, i / blockDim.x % blockDim.y,
                       i / (blockDim.x * blockDim.y));
        makecontext(&f.context, entry, 0);
    }
    for (bool some = true; some;) {
        some = false;
        for (now = 0; now < threads; ++now) {
            if (fibres[now].done) continue;
            threadIdx = fibres[now].index;
            swapcontext(&host, &fibres[now].context);
            some = some || !fibres[now].done;
        }
    }
}
template <class... A, size_t... I>
void call(void (*kernel)(A...), void** args, index_sequence<I...>) {
    kernel(*reinterpret_cast<remove_reference_t<A>*>(args[I])...);
}
template <class... A> void invoke(void (*kernel)(A...), void** args) {
    call(kernel, args, index_sequence_for<A...>{});
}
static void launch(void (*run)(void*), void** args, const unsigned* grid, const unsigned* block,
                   size_t shared) {
    vector<char> memory(shared + 16);
    dynamic_shared = memory.data();
    gridDim = dim3(grid[0], grid[1], grid[2]);
    blockDim = dim3(block[0], block[1], block[2]);
    int threads = block[0] * block[1] * block[2];
    body = run; arguments = args;
    fibres.resize(threads);
    for (auto& f : fibres) f.stack.resize(1 << 16);
    for (unsigned z = 0; z < grid[2]; ++z)
        for (unsigned y = 0; y < grid[1]; ++y)
            for (unsigned x = 0; x < grid[0]; ++x) { blockIdx = dim3(x, y, z); run_block(threads); }
}
static int thread_number() {
    return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
}
template <class T> T from_lane(T value, int lane_of_block) {
    static_assert(sizeof(T) <= 8, "shuffles move at most 8 bytes");
    memcpy(&exchanged[thread_number()], &value, sizeof(T));
    wait();
    T out;
    memcpy(&out, &exchanged[lane_of_block], sizeof(T));
    wait();
    return out;
}
}  // namespace shim

static inline void __syncthreads() { shim::wait(); }
static inline void __syncwarp(unsigned = 0xffffffffu) { shim::wait(); }
static inline void __threadfence() {}
template <class T> T __shfl_down_sync(unsigned, T v, unsigned d, int width = 32) {
    int n = shim::thread_number(), lane = n % width;
    return shim::from_lane(v, lane + (int)d < width ? n + (int)d : n);
}
template <class T> T __shfl_xor_sync(unsigned, T v, int mask, int = 32) {
    return shim::from_lane(v, shim::thread_number() ^ mask);
}
template <class T> T __shfl_sync(unsigned, T v, int lane, int width = 32) {
    int n = shim::thread_number();
    return shim::from_lane(v, n - n % width + lane % width);
}
template <class T, class V> T atomicAdd(T* at, V v) { T old = *at; *at = old + (T)v; return old; }
template <class T, class V> T atomicMax(T* at, V v) { T old = *at; if (v > old) *at = v; return old; }
template <class T, class V> T atomicMin(T* at, V v) { T old = *at; if (v < old) *at = v; return old; }
template <class T> T atomicCAS(T* at, T expected, T v) { T old = *at; if (old == expected) *at = v; return old; }
template <class T> T atomicExch(T* at, T v) { T old = *at; *at = v; return old; }
template <class T> T __ldg(const T* p) { return *p; }
#define __expf expf
#define __logf logf
#define __powf powf
#define __sinf sinf
#define __cosf cosf
static inline float __fdividef(float a, float b) { return a / b; }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline double erfinv(double x) {
    if (!(std::fabs(x) < 1)) return std::fabs(x) == 1 ? copysign(INFINITY, x) : NAN;
    double w = -log((1 - x) * (1 + x)), l = 4.330746750799873 - w / 2;
    double y = copysign(sqrt(sqrt(l * l + 6.802721088435375 * w) - l), x);
    for (int i = 0; i < 5; ++i) {  // Newton's method, on the side where nothing cancels
        double above = std::fabs(x) < 0.5 ? x - erf(y)
            : copysign(1.0, x) * (erfc(std::fabs(y)) - (1 - std::fabs(x)));
        y += above * exp(y * y) * 0.886226925452758;
    }
    return y;
}
static inline float erfinvf(float x) { return (float)erfinv((double)x); }
static inline int __float_as_int(float x) { int i; memcpy(&i, &x, 4); return i; }
static inline float __int_as_float(int i) { float x; memcpy(&x, &i, 4); return x; }
static inline double __longlong_as_double(long long i) { double x; memcpy(&x, &i, 8); return x; }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
