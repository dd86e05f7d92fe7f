#pragma once
// Loops that only compute, read or write, for one instruction set each.
#include <cstdint>

namespace nascent::bench {

// Sizes are multiples of it.
constexpr std::int64_t kLoopFloats = 256;

struct MachineLoops {
  float (*multiply_add)(std::int64_t rounds);
  double flop_a_round;
  float (*read)(const float* x, std::int64_t count);
  void (*copy)(const float* x, float* y, std::int64_t count);
  void (*write)(float* y, std::int64_t count);
};

// For the compiler, a use of what a loop returns.
inline void keep(float value) { asm volatile("" : : "g"(value) : "memory"); }

MachineLoops machine_loops(const char* isa);  // a name of kernels::isa_name()

}  // namespace nascent::bench
