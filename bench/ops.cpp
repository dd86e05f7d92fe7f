// Times the forward of every op at the shapes its row of the op table says are worth timing, in f32 and without a tape.
// Google Benchmark reads the flags: --benchmark_filter='^conv2d/' --benchmark_format=json. NASCENT_ISA picks the
// kernels, OMP_NUM_THREADS the threads.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/autograd/tape.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "tests/op_table/op_table.h"

namespace nascent {
namespace {

struct Work {
  std::int64_t macs = 0;   // 0 for an op that is not counted in multiply-adds
  std::int64_t bytes = 0;  // inputs read once and the output written once: no implementation moves less
};

Work work_of(const Sample& sample, const std::vector<Tensor>& inputs) {
  Tape tape;
  tape.watch(inputs);
  const Tensor y = sample.call(inputs);
  Work work{tape.macs(), static_cast<std::int64_t>(y.bytes())};
  for (const Tensor& input : inputs) work.bytes += static_cast<std::int64_t>(input.bytes());
  return work;
}

void time_forward(benchmark::State& state, const Sample& sample) {
  const std::vector<Tensor> inputs = real_inputs(sample, DType::f32);
  const Work work = work_of(sample, inputs);  // and warms up the caches and the buffer pool
  for (auto _ : state) {
    const Tensor y = sample.call(inputs);
    benchmark::DoNotOptimize(y.bytes_data());
  }
  state.SetBytesProcessed(state.iterations() * work.bytes);
  if (work.macs == 0) return;
  state.counters["MACs"] = static_cast<double>(work.macs);
  state.counters["FLOP"] =
      benchmark::Counter(2.0 * static_cast<double>(work.macs), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace
}  // namespace nascent

int main(int argc, char** argv) {
  using namespace nascent;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  // The library prints its own build type as if it were ours; Debian builds it without NDEBUG.
  benchmark::AddCustomContext("nascent_build_type", NASCENT_BUILD_TYPE);
  benchmark::AddCustomContext("isa", kernels::isa_name());
  benchmark::AddCustomContext("threads", std::to_string(kernels::threads()));
  for (const OpRow& row : op_table())
    for (const Sample& sample : row.benchmark)
      benchmark::RegisterBenchmark((row.op + "/" + sample.text).c_str(),
                                   [&sample](benchmark::State& state) { time_forward(state, sample); })
          ->UseRealTime()
          ->Unit(benchmark::kMicrosecond);
  benchmark::RunSpecifiedBenchmarks();
}
