// What is asked of the processor's kind beside its instruction set: of ways with the same bits, the one that suits it.
#pragma once
#include <cpuid.h>

#include "kernels/simd.h"

namespace nascent::kernels::NASCENT_ISA {
namespace {

// With two loads a cycle shuffles only take turns from FMAs: 1.3 to 1.6 times the time on Sapphire Rapids.
inline bool loads_one_vector() {
  static const bool one = __builtin_cpu_is("icelake-server");
  return one;
}

// Whether a 512-bit FMA is one pass of its unit. Zen 4's units are half as wide, so there the last few columns cost
// less by a narrow vector. Elsewhere they go with the vectors before them, by as many FMAs and fewer loads: 1x1
// convolutions to 36 channels in 0.85 of the time (Ice Lake, which loads one vector a cycle).
inline bool has_whole_units() {
  static const bool whole = kRegisters == 32 && !__builtin_cpu_is("amdfam19h");
  return whole;
}

// Zen 5 is family 26, which this compiler's __builtin_cpu_is does not know by name.
inline bool is_zen5() {
  unsigned signature = 0, b, c, d;
  return __builtin_cpu_is("amd") && __get_cpuid(1, &signature, &b, &c, &d) &&
         (signature >> 8 & 15) + (signature >> 20 & 255) == 26;
}

// Whether the hardware follows many tensors read side by side, in order, better than fetches tell it to: on Zen 5
// mixing that also asks takes 1.1 to 1.3 times as long, batch norm going back 1.05 to 1.17.
inline bool follows_streams() {
  static const bool follows = is_zen5();
  return follows;
}

}  // namespace
}  // namespace nascent::kernels::NASCENT_ISA
