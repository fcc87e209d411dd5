/*
 * Arithmetic on sizes that says when it does not fit. The names are C23's (<stdckdint.h>), so that the later move
 * to C23 deletes this file. Each returns true when the result did NOT fit.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#define ckd_add(result, a, b) __builtin_add_overflow((a), (b), (result))
#define ckd_sub(result, a, b) __builtin_sub_overflow((a), (b), (result))
#define ckd_mul(result, a, b) __builtin_mul_overflow((a), (b), (result))

#endif
