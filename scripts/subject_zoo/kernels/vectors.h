/* What both kernels are written in: vectors of LANES numbers of type SCALAR, which is defined before this is included.

The compiler maps them to whatever registers the processor has; an operation on a lane is the same on all. */

#include <stdint.h>

#define LANES 8

#define INLINE static inline __attribute__((always_inline))
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

typedef SCALAR vec __attribute__((vector_size(sizeof(SCALAR) * LANES)));
typedef vec unaligned_vec __attribute__((aligned(sizeof(SCALAR))));

INLINE vec load(const SCALAR *from) { return *(const unaligned_vec *)from; }
INLINE void store(SCALAR *to, vec value) { *(unaligned_vec *)to = value; }
INLINE vec splat(SCALAR x) { return (vec){x, x, x, x, x, x, x, x}; }
INLINE vec fma(vec a, vec b, vec c) { return __builtin_elementwise_fma(a, b, c); }
INLINE SCALAR total(vec x) { return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7])); }
