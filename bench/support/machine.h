#pragma once
// What this machine can do, measured: the multiply-add peak of the instruction set the kernels run on, and the
// bandwidth of each level of its memory.
#include <cstdint>
#include <string>
#include <vector>

namespace nascent::bench {

struct MemoryLevel {
  std::string name;            // L1, L2, L3, DRAM
  std::int64_t capacity = 0;   // bytes that fit, over all threads in use; DRAM: what was measured on
  double read = 0, write = 0;  // bytes a second over all threads; write is what a copy leaves for its writing half
  double copy() const { return 2 / (1 / read + 1 / write); }  // bytes read and written, a second
};

struct Machine {
  std::string processor, isa;
  int threads = 1;
  double flops = 0;  // a second, over all threads
  std::vector<MemoryLevel> levels;

  // The level that holds all a kernel reads and writes.
  const MemoryLevel& level_of(double bytes) const;
  // No faster than the arithmetic and than the traffic from the level it runs in: the roofline, with reading and
  // writing charged at their own speeds.
  double least_seconds(double flop, double read_bytes, double written_bytes) const;
};

Machine measure_machine();

}  // namespace nascent::bench
