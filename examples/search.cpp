// Searches an architecture: trains the supernet of a space bi-level and derives the strongest architecture from it.
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/tensor/process_memory.h"
#include "examples/support/cli.h"
#include "examples/support/data_checks.h"
#include "examples/support/derivation.h"
#include "examples/support/forecast_text.h"
#include "examples/support/numbers.h"
#include "examples/support/progress.h"
#include "examples/support/run_program.h"
#include "kernels/parallel.h"
#include "nas/cost/cost.h"
#include "nas/run/run_folder.h"
#include "nas/run/summary.h"
#include "nas/search/memory_plan.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

struct Flags {
  std::string space, preset = "tiny", order, data = "fashion-mnist", out;
  std::optional<std::int64_t> channels, layers, batch, epochs, limit;
  std::optional<std::size_t> memory_limit;
  bool dry_run = false, no_fuse = false;
};

// The preset, with what was given on the command line put over it.
nas::SearchOptions options_from(const Flags& flags, std::uint64_t seed) {
  nas::SearchOptions options = nas::preset_named(flags.preset).options;
  if (!flags.space.empty()) options.space = flags.space;
  if (!flags.order.empty()) options.bilevel.order = nas::parse_order(flags.order);
  options.channels = flags.channels.value_or(options.channels);
  // The presets' depths are meant for the darts space.
  if (options.space == "lecture") options.layers = static_cast<std::int64_t>(nas::lecture_space().cells.size());
  options.layers = flags.layers.value_or(options.layers);
  options.batch = flags.batch.value_or(options.batch);
  options.epochs = flags.epochs.value_or(options.epochs);
  options.limit = flags.limit.value_or(options.limit);
  options.fuse = !flags.no_fuse;
  options.seed = seed;
  return options;
}

std::string epoch_line(const nas::EpochReport& e, std::int64_t epochs) {
  return fmt::format(
      "epoch {:>2}/{}  train loss {:.4f} acc {:>6}  validation loss {:.4f} acc {:>6}  entropy {:.4f}  lr {:.5f}  "
      "{:.0f} "
      "images/s",
      e.epoch + 1, epochs, e.train_loss, percent(e.train_accuracy, 1), e.validation_loss,
      percent(e.validation_accuracy, 1), e.mean_entropy, e.learning_rate, e.images_per_second);
}

struct Architecture {
  std::string text, json, table;
};
Architecture derive(const nas::Supernet& supernet) {
  const std::vector<nas::AlphaMatrix> alphas = supernet.alpha_matrices();
  if (supernet.space().name == "lecture") {
    const nas::ChainArchitecture chain = nas::derive_chain(alphas, supernet.space());
    return {to_text(chain), to_json(chain), chain_table(chain)};
  }
  const nas::Derivation derivation = nas::derive_genotype(alphas[0], alphas[1]);
  return {to_text(derivation.genotype), to_json(derivation.genotype), derivation_table(derivation)};
}

int run(const Flags& flags, const CommonFlags& common) {
  nas::SearchOptions options = options_from(flags, common.seed);
  const TrainingData training = load_training(flags.data, {.limit = options.limit, .seed = common.seed});
  const Dataset& data = training.data;
  // The darts space halves an image twice, the lecture space never.
  const bool one_pixel = std::max(data.height, data.width) <= (options.space == "lecture" ? 1 : 4);
  for (const std::int64_t half : {data.size() / 2, data.size() - data.size() / 2})
    check_last_batch(half, options.batch, one_pixel);
  const std::size_t machine = available_bytes() + resident_bytes();
  const std::size_t memory = std::min(machine, flags.memory_limit.value_or(machine));
  const nas::MemoryPlan plan = nas::plan_memory(training, options, memory, machine);
  options.recomputed_cells = plan.recomputed_cells;
  if (flags.dry_run) {
    std::cout << (common.json ? forecast_json(plan, options, memory) + "\n" : forecast_text(plan, options, memory));
    return 0;
  }
  const nas::Provenance provenance{common.command, flags.data, common.seed, kernels::threads()};
  std::optional<nas::RunFolder> folder;
  const auto say = [&](const std::string& line) {
    if (!common.quiet) std::cerr << line << '\n';
  };

  const auto start = std::chrono::steady_clock::now();
  nas::SearchResult result;
  {
    std::unique_ptr<Progress> progress;
    const nas::SearchObserver observer{
        .on_start =
            [&] {
              if (!flags.out.empty()) {
                folder.emplace(flags.out);
                folder->write_config(nas::search_config_json(options, flags.preset, provenance));
              }
              say("preset " + flags.preset + ": " + nas::preset_named(flags.preset).meaning);
              for (const std::string& line : nas::describe(options)) say("  " + line);
              say(fmt::format("  memory: {} at the most, of {}; {} recomputed", mebibytes(plan.forecast.peak_rss),
                              mebibytes(memory), counted(plan.recomputed_cells, "cell")));
            },
        .on_step =
            [&](const nas::SearchProgress& p) {
              if (!progress)
                progress = std::make_unique<Progress>("search", options.epochs * p.steps_per_epoch,
                                                      standard_screen(common.quiet));
              progress->advance(p.epoch * p.steps_per_epoch + p.step + 1,
                                fmt::format("epoch {}/{}", p.epoch + 1, options.epochs));
            },
        .on_epoch =
            [&](const nas::EpochReport& epoch) {
              if (progress) progress->line(epoch_line(epoch, options.epochs));
              if (folder) folder->append_history(nas::history_json(epoch, nas::space_of(options)));
            },
        .stop = interrupted};
    result = nas::search(training, options, observer);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const Architecture architecture = derive(*result.supernet);
  const std::int64_t parameters = result.supernet->store().weight_count();
  const std::int64_t macs =
      nas::count_macs(*result.supernet, result.supernet->store(), {data.channels, data.height, data.width});
  if (folder) {
    folder->write_genotype(architecture.text, architecture.json);
    folder->write_weights(result.supernet->store(), result.supernet->named_alphas());
    folder->write_report(nas::search_report({options, data, result, macs, seconds}, provenance));
    say("wrote " + folder->path().string() + "; look at " + (folder->path() / "report.html").string());
  }
  const std::size_t peak_rss = peak_rss_bytes();
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"genotype", architecture.text},
                                        {"parameters", parameters},
                                        {"macs", macs},
                                        {"mean_entropy", nas::mean_entropy(result.supernet->alpha_matrices())},
                                        {"epochs", result.history.size()},
                                        {"seconds", seconds},
                                        {"peak_rss_bytes", peak_rss},
                                        {"pool_peak_bytes", result.pool_peak},
                                        {"steady_allocations", result.steady_allocations}}
                     .dump()
              << '\n';
    return 0;
  }
  std::cout << architecture.text << "\n\n"
            << architecture.table << '\n'
            << fmt::format("supernet: {} parameters, {} multiply-adds an image; searched for {}\n", grouped(parameters),
                           grouped(macs), duration(seconds))
            << fmt::format("memory: {} at the most, {} of them tensors\n", mebibytes(peak_rss),
                           mebibytes(result.pool_peak));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CommandLine cli("search", "Searches an architecture on training images; the test images are never opened.");
  cli.choice("--space", flags.space, nas::space_names(), "what is searched (default darts)");
  cli.choice("--preset", flags.preset, nas::preset_names(), "where the settings start from");
  cli.choice("--order", flags.order, {"first", "second", "exact"}, "of the alphas' gradient (default first)");
  cli.text("--data", flags.data, "DIR|fashion-mnist|synthetic", "training images");
  cli.number("--channels", flags.channels, {1, 1024}, "of the first cells");
  cli.number("--layers", flags.layers, {1, 100}, "cells");
  cli.number("--batch", flags.batch, {2, 100'000}, "images a step, of either half");
  cli.number("--epochs", flags.epochs, {1, 100'000}, "passes over the training half");
  cli.number("--limit", flags.limit, {0, 1'000'000'000}, "training images to use, both halves together; 0: all");
  cli.custom("--memory-limit", "SIZE", "a size like 500M or 2G",
             "compute more again, or refuse, rather than take more [what is free]", [&flags](const std::string& typed) {
               flags.memory_limit = parsed_bytes(typed);
               return flags.memory_limit.has_value();
             });
  cli.flag("--no-fuse", flags.no_fuse, "compute mixed edges operation by operation: the readable way, slower");
  cli.flag("--dry-run", flags.dry_run, "tell what the search would take, and do not search");
  cli.text("--out", flags.out, "DIR", "where the run folder goes; without it nothing is written");
  cli.example("search --preset tiny --out runs/first", "minutes on Fashion-MNIST");
  cli.example("search --data ./my-images --preset small --order exact", "your own images, exact second order");
  return cli.run(argc, argv, [&](const CommonFlags& common) { return run(flags, common); });
}
