// Times the bi-level step of the DARTS search as `search` makes it: the alphas' gradient on a validation batch and
// Adam, then the weights' on a training batch, clipped, and SGD. bench/peers/search_step_pytorch.py is the same step on
// PyTorch, bench/peers/compare.py runs both in turn.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "bench/support/image_flag.h"
#include "bench/support/statistics.h"
#include "engine/tensor/buffer_pool.h"
#include "engine/tensor/random.h"
#include "examples/support/cli.h"
#include "examples/support/numbers.h"
#include "examples/support/run_program.h"
#include "examples/support/table.h"
#include "kernels/dispatch.h"
#include "kernels/parallel.h"
#include "nas/cost/cost.h"
#include "nas/search/bilevel.h"

using namespace nascent;
using namespace nascent::bench;
using namespace nascent::examples;

namespace {

struct Flags {
  std::int64_t batch = 64, channels = 16, layers = 8, steps = 5, recompute = 0;
  std::string order = "first";
  bool no_fuse = false;
  nas::ImageSize image = {};
};

constexpr std::int64_t classes = 10;

// Noise instead of pictures: no kernel's speed depends on what an image shows.
Batch draw_batch(const Flags& flags, std::uint64_t seed, const char* purpose) {
  const Shape shape{flags.batch, flags.image.height, flags.image.width, flags.image.channels};
  Batch batch{.images = Tensor::empty(shape), .labels = {}};
  const Random random(seed, purpose);
  float* pixels = batch.images.mutable_data<float>();
  const auto count = static_cast<std::uint64_t>(shape.elements());
  for (std::uint64_t i = 0; i < count; ++i) pixels[i] = static_cast<float>(random.normal(i));
  for (std::int64_t i = 0; i < flags.batch; ++i) batch.labels.push_back(static_cast<std::int32_t>(i % classes));
  return batch;
}

double peak_rss_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

int run(const Flags& flags, const CommonFlags& common) {
  const auto supernet = nas::make_supernet(nas::darts_space(), {.channels = flags.channels,
                                                                .layers = flags.layers,
                                                                .image = flags.image,
                                                                .classes = classes,
                                                                .seed = common.seed,
                                                                .fuse = !flags.no_fuse,
                                                                .recomputed_cells = flags.recompute});
  nas::Bilevel bilevel(*supernet, {.order = nas::parse_order(flags.order)});
  const Batch train = draw_batch(flags, common.seed, "bench train");
  const Batch validation = draw_batch(flags, common.seed, "bench validation");

  std::vector<double> seconds;
  for (std::int64_t step = 0; step <= flags.steps && !interrupted(); ++step) {
    const auto start = std::chrono::steady_clock::now();
    bilevel.step(train, validation);
    const double taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (step == 0) continue;  // it fills the buffer pool
    seconds.push_back(taken);
    if (!common.quiet) std::cerr << fmt::format("step {}/{}: {:.3f} s\n", step, flags.steps, taken);
  }
  if (seconds.empty()) return 0;

  const double rss = peak_rss_mib();
  const double middle = median(seconds), least = *std::min_element(seconds.begin(), seconds.end());
  const double images_per_s = static_cast<double>(2 * flags.batch) / middle;  // both batches, as `search` counts
  const double pool = static_cast<double>(BufferPool::instance().report().peak_bytes) / (1 << 20);
  const std::int64_t macs = nas::count_macs(*supernet, supernet->store(), flags.image);
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"median_s", middle},
                                        {"min_s", least},
                                        {"peak_rss_mib", rss},
                                        {"images_per_s", images_per_s},
                                        {"pool_peak_mib", pool},
                                        {"parameters", supernet->store().weight_count()},
                                        {"macs", macs},
                                        {"threads", kernels::threads()},
                                        {"isa", kernels::isa_name()},
                                        {"seconds", seconds}}
                     .dump()
              << '\n';
    return 0;
  }
  Table table({{"bi-level step, " + flags.order + " order"}, {"", Align::right}});
  table.row({"median", fmt::format("{:.3f} s", middle)});
  table.row({"fastest", fmt::format("{:.3f} s", least)});
  table.row({"images a second, both batches", fmt::format("{:.1f}", images_per_s)});
  table.row({"peak memory of the process", fmt::format("{:.0f} MiB", rss)});
  table.row({"peak of the buffer pool", fmt::format("{:.0f} MiB", pool)});
  table.row({"parameters", grouped(supernet->store().weight_count())});
  table.row({"multiply-adds an image", grouped(macs)});
  table.row({"threads", std::to_string(kernels::threads())});
  table.row({"instruction set", kernels::isa_name()});
  std::cout << table.text();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CommandLine cli("search_step", "Times one bi-level step of the DARTS search on noise, after a step to warm up.");
  cli.number("--batch", flags.batch, {2, 100'000}, "images of each of the two batches");
  cli.number("--channels", flags.channels, {1, 1024}, "of the first cells");
  cli.number("--layers", flags.layers, {1, 100}, "cells");
  cli.custom("--image", "HxWxC", image_expected, "of one image, or one side [32x32x3]", [&](const std::string& typed) {
    const auto parsed = parse_image_size(typed);
    if (parsed) flags.image = *parsed;
    return parsed.has_value();
  });
  cli.choice("--order", flags.order, {"first", "second", "exact"}, "of the alphas' gradient");
  cli.flag("--no-fuse", flags.no_fuse, "the plain graph of ordinary operations instead of fused mixed edges");
  cli.number("--recompute", flags.recompute, {0, 100}, "cells whose branches are computed again going backward");
  cli.number("--steps", flags.steps, {1, 100'000}, "steps timed");
  cli.example("search_step --threads 2 --json", "the search of the DARTS paper, for scripts");
  cli.example("search_step --image 28x28x1 --channels 8 --layers 4 --order exact", "a small one");
  return cli.run(argc, argv, [&](const CommonFlags& common) { return run(flags, common); });
}
