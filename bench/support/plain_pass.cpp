#include "bench/support/plain_pass.h"

#include <algorithm>
#include <memory>

#include "bench/support/buffer.h"
#include "bench/support/machine_loops.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"

namespace nascent::bench {
namespace {

// Floats of a piece, which a thread takes at a time: 32 KB.
constexpr std::int64_t kPiece = 8192;

std::int64_t whole_blocks(double bytes) {
  const auto floats = static_cast<std::int64_t>(bytes / sizeof(float));
  return std::max<std::int64_t>(floats / kLoopFloats, 1) * kLoopFloats;
}

struct PlainPass {
  explicit PlainPass(const KernelCase& kernel)
      : loops(machine_loops(kernels::isa_name())),
        passes(kernel.read_passes),
        read(whole_blocks(kernel.read_bytes / passes)),
        written(whole_blocks(kernel.written_bytes)),
        x(read),
        y(written) {}

  void run() {
    for (int pass = 1; pass < passes; ++pass)
      pieces(0, read, [&](std::int64_t at, std::int64_t n) { keep(loops.read(x.data() + at, n)); });
    const std::int64_t both = std::min(read, written);
    pieces(0, both, [&](std::int64_t at, std::int64_t n) { loops.copy(x.data() + at, y.data() + at, n); });
    pieces(both, read, [&](std::int64_t at, std::int64_t n) { keep(loops.read(x.data() + at, n)); });
    pieces(both, written, [&](std::int64_t at, std::int64_t n) { loops.write(y.data() + at, n); });
  }

  template <class Body>
  static void pieces(std::int64_t begin, std::int64_t end, const Body& body) {
    kernels::parallel_chunks((end - begin + kPiece - 1) / kPiece, [&](std::int64_t i) {
      const std::int64_t at = begin + i * kPiece;
      body(at, std::min(kPiece, end - at));
    });
  }

  MachineLoops loops;
  int passes;
  std::int64_t read, written;
  Buffer x, y;
};

}  // namespace

std::function<void()> plain_pass(const KernelCase& kernel) {
  return [pass = std::make_shared<PlainPass>(kernel)] { pass->run(); };
}

}  // namespace nascent::bench
