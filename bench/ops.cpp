// Times the forward of every op at the shapes its row of the op table says are worth timing, in f32 and without a tape.
// Google Benchmark reads the flags: --benchmark_filter='^conv2d/' --benchmark_format=json. NASCENT_ISA picks the
// kernels, OMP_NUM_THREADS the threads. "roofline" is the share of what this machine could do
// (bench/support/machine.h).
#include <benchmark/benchmark.h>

#include <chrono>
#include <string>

#include "bench/support/machine.h"
#include "engine/autograd/tape.h"
#include "examples/support/run_program.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

struct Work {
  std::int64_t macs = 0;  // 0 for an op that is not counted in multiply-adds
  // Inputs once and the output once: no implementation moves less.
  std::int64_t read_bytes = 0, written_bytes = 0;
};

Work work_of(const Sample& sample, const std::vector<Tensor>& inputs) {
  Tape tape;
  tape.watch(inputs);
  const Tensor y = sample.call(inputs);
  Work work{tape.macs(), 0, static_cast<std::int64_t>(y.bytes())};
  for (const Tensor& input : inputs) work.read_bytes += static_cast<std::int64_t>(input.bytes());
  return work;
}

void time_forward(benchmark::State& state, const Sample& sample, const bench::Machine& machine) {
  const std::vector<Tensor> inputs = real_inputs(sample, DType::f32);
  const Work work = work_of(sample, inputs);  // and warms up the caches and the buffer pool
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) {
    const Tensor y = sample.call(inputs);
    benchmark::DoNotOptimize(y.bytes_data());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                         static_cast<double>(state.iterations());
  const auto flop = 2.0 * static_cast<double>(work.macs);
  const auto read = static_cast<double>(work.read_bytes), written = static_cast<double>(work.written_bytes);
  if (work.macs != 0) state.counters["GFLOP/s"] = flop / seconds / 1e9;
  state.counters["GB/s"] = (read + written) / seconds / 1e9;
  state.counters["roofline"] = machine.least_seconds(flop, read, written) / seconds;
}

}  // namespace
}  // namespace nascent

int main(int argc, char** argv) {
  using namespace nascent;
  return examples::run_program("bench_ops", argv, [&] {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    // The library prints its own build type as if it were ours; Debian builds it without NDEBUG.
    benchmark::AddCustomContext("nascent_build_type", NASCENT_BUILD_TYPE);
    benchmark::AddCustomContext("isa", kernels::isa_name());
    benchmark::AddCustomContext("threads", std::to_string(kernels::threads()));
    // Measured when the first benchmark runs, so that --benchmark_list_tests stays quick.
    const auto machine = []() -> const bench::Machine& {
      static const bench::Machine measured = bench::measure_machine();
      return measured;
    };
    for (const OpRow& row : op_table())
      for (const Sample& sample : row.benchmark)
        benchmark::RegisterBenchmark(
            (row.op + "/" + sample.text).c_str(),
            [&sample, machine](benchmark::State& state) { time_forward(state, sample, machine()); })
            ->UseRealTime()
            ->Unit(benchmark::kMicrosecond);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
  });
}
