#pragma once
// The loops that machine.cpp times, for one instruction set each. Sizes are multiples of 256 floats.
#include <cstdint>

namespace nascent::bench {

struct MachineLoops {
  float (*multiply_add)(std::int64_t rounds);
  double flop_a_round;
  float (*read)(const float* x, std::int64_t count);
  void (*copy)(const float* x, float* y, std::int64_t count);
};

MachineLoops machine_loops(const char* isa);  // a name of kernels::isa_name()

}  // namespace nascent::bench
