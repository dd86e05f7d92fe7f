#pragma once
#include <string>
#include <vector>

#include "bench/support/kernel_case.h"
#include "bench/support/machine.h"

namespace nascent::bench {

struct Measured {
  KernelCase kernel;
  double seconds = 0;

  double bytes() const { return kernel.read_bytes + kernel.written_bytes; }
  double intensity() const { return kernel.flop / bytes(); }  // operations a byte
  double flops() const { return kernel.flop / seconds; }
};

// Arithmetic intensity against speed on log-log axes (Williams, Waterman & Patterson 2009), with a roof for each level
// of memory at the speed of a copy. A colour a kind, a mark a face; kinds of one intensity stand side by side.
std::string roofline_svg(const Machine& machine, const std::vector<Measured>& points, const std::string& title);

}  // namespace nascent::bench
