// Trains the network of a genotype from scratch and measures it on the test images.
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/data/load_test.h"
#include "examples/support/cli.h"
#include "examples/support/data_checks.h"
#include "examples/support/numbers.h"
#include "examples/support/progress.h"
#include "examples/support/run_program.h"
#include "kernels/parallel.h"
#include "nas/cost/cost.h"
#include "nas/derive/random_architecture.h"
#include "nas/run/run_folder.h"
#include "nas/run/summary.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

struct Flags {
  std::string genotype, data = "fashion-mnist", out, name, optimizer = "sgd";
  std::optional<double> learning_rate;
  std::int64_t channels = 16, layers = 8, limit = 0;
  bool auxiliary = false;
  nas::TrainOptions options = {.batch = 96, .epochs = 20};
};

std::string epoch_line(const nas::TrainEpoch& e, std::int64_t epochs) {
  return fmt::format("epoch {:>2}/{}  train loss {:.4f} acc {:>6}  lr {:.5f}  {:.0f} images/s", e.epoch + 1, epochs,
                     e.loss, percent(e.accuracy, 1), e.learning_rate, e.images_per_second);
}

nas::WeightOptimizer optimizer(const Flags& flags) {
  nas::WeightOptimizer optimizer = nas::kTrainingSgd;
  if (flags.optimizer == "adam") optimizer = nas::kTrainingAdam;
  if (flags.learning_rate) std::visit([&](auto& o) { o.learning_rate = *flags.learning_rate; }, optimizer);
  return optimizer;
}

int run(Flags flags, const CommonFlags& common) {
  if (flags.genotype.empty()) throw UsageError("give a --genotype: a published name, DARTS's text, or a file");
  const bool random = flags.genotype == "random";
  const nas::Genotype genotype = random ? nas::random_genotype(common.seed) : nas::resolve_genotype(flags.genotype);
  if (flags.name.empty()) flags.name = random ? "random" : "network";
  const TrainingData training = load_training(flags.data, {.limit = flags.limit, .seed = common.seed});
  const TestData test = load_test(flags.data);
  const Dataset& data = training.data;
  check_same_kind(data, test.data);
  check_last_batch(data.size(), flags.options.batch, flags.auxiliary || (data.height <= 4 && data.width <= 4));
  const nas::Provenance provenance{common.command, flags.data, common.seed, kernels::threads()};
  const nas::NetworkOptions size{.size = {.channels = flags.channels,
                                          .layers = flags.layers,
                                          .image = {data.channels, data.height, data.width},
                                          .classes = data.classes},
                                 .auxiliary = flags.auxiliary,
                                 .seed = common.seed};
  flags.options.seed = common.seed;
  flags.options.optimizer = optimizer(flags);
  nas::DerivedNetwork network(genotype, size);
  const std::int64_t parameters = network.parameter_count();
  const std::int64_t macs = nas::count_macs(network, network.store(), size.size.image);

  std::optional<nas::RunFolder> folder;
  if (!flags.out.empty()) {
    folder.emplace(flags.out);
    folder->write_config(nas::train_config_json(to_text(genotype), size, flags.options, provenance));
    folder->write_genotype(to_text(genotype), to_json(genotype));
  }
  const auto say = [&](const std::string& line) {
    if (!common.quiet) std::cerr << line << '\n';
  };
  say(fmt::format("{}: {}, {}, {} parameters, {} multiply-adds an image; {}, {}", flags.name,
                  counted(flags.channels, "channel"), counted(flags.layers, "layer"), grouped(parameters),
                  grouped(macs), counted(data.size(), "image"), counted(flags.options.epochs, "epoch")));

  const auto start = std::chrono::steady_clock::now();
  const Normalization normalization = measure(data);
  std::vector<nas::TrainEpoch> history;
  {
    std::unique_ptr<Progress> progress;
    const nas::TrainObserver observer{
        .on_step =
            [&](std::int64_t epoch, std::int64_t step, std::int64_t steps, double loss) {
              if (!progress)
                progress =
                    std::make_unique<Progress>("train", flags.options.epochs * steps, standard_screen(common.quiet));
              if (processors_freed()) {
                kernels::set_threads(0);
                progress->line(fmt::format("{} threads from here on", kernels::threads()));
              }
              progress->advance(epoch * steps + step + 1,
                                fmt::format("epoch {}/{}, loss {:.3f}", epoch + 1, flags.options.epochs, loss));
            },
        .on_epoch =
            [&](const nas::TrainEpoch& epoch) {
              if (progress) progress->line(epoch_line(epoch, flags.options.epochs));
              if (folder) folder->append_history(nas::history_json(epoch));
            },
        .stop = interrupted};
    history = nas::train(network, training, normalization, flags.options, observer);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const nas::Evaluation evaluation = nas::evaluate(network, test.data, normalization);
  if (folder) {
    folder->write_weights(network.store());
    folder->write_report(nas::train_report(
        {flags.name, genotype, size, flags.options, history, evaluation, test.data, parameters, macs, seconds},
        provenance));
    say("wrote " + folder->path().string());
  }
  if (common.json) {
    std::cout << nlohmann::ordered_json{{"genotype", to_text(genotype)},
                                        {"test_accuracy", evaluation.accuracy},
                                        {"test_loss", evaluation.loss},
                                        {"parameters", parameters},
                                        {"macs", macs},
                                        {"epochs", history.size()},
                                        {"seconds", seconds}}
                     .dump()
              << '\n';
    return 0;
  }
  std::cout << fmt::format("{}: test accuracy {}, loss {:.4f}, {} parameters, {} multiply-adds; trained for {}\n",
                           flags.name, percent(evaluation.accuracy), evaluation.loss, grouped(parameters),
                           grouped(macs), duration(seconds));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  nas::TrainOptions& o = flags.options;
  CommandLine cli("train", "Trains the network of a genotype from scratch and measures it on the test images.");
  cli.text("--genotype", flags.genotype, "NAME|TEXT|FILE", "what to train; `random` draws one by --seed");
  cli.text("--data", flags.data, "DIR|fashion-mnist|synthetic", "images");
  cli.number("--channels", flags.channels, {1, 1024}, "of the first cells");
  cli.number("--layers", flags.layers, {1, 100}, "cells");
  cli.number("--batch", o.batch, {2, 100'000}, "images a step");
  cli.number("--epochs", o.epochs, {1, 100'000}, "passes over the training images");
  cli.number("--limit", flags.limit, {0, 1'000'000'000}, "training images to use; 0: all");
  cli.choice("--optimizer", flags.optimizer, {"sgd", "adam"}, "of the weights; adam learns faster in a few passes");
  cli.number("--learning-rate", flags.learning_rate, {0.0, 100.0},
             fmt::format("falls to 0 by a cosine; not given: {}, adam {}", nas::kTrainingSgd.learning_rate,
                         nas::kTrainingAdam.learning_rate));
  cli.number("--warm-up", o.warm_up, {0.0, 0.9}, "share of the steps over which the learning rate rises first");
  cli.flag("--auxiliary", flags.auxiliary, "train with an auxiliary classifier at two thirds of the depth");
  cli.number("--drop-path", o.drop_path, {0.0, 0.99}, "probability at the end; rises from 0");
  cli.number("--cutout", o.augmentation.cutout, {0, 4096}, "side of the square cut out of each training image");
  cli.number("--crop", o.augmentation.crop_padding, {0, 4096}, "pixels an image may move by");
  cli.flag("--flip", o.augmentation.flip, "mirror every other training image");
  cli.text("--name", flags.name, "NAME", "of the network in the report");
  cli.text("--out", flags.out, "DIR", "where the run folder goes; without it nothing is written");
  cli.example("train --genotype DARTS_V2 --epochs 5", "a published cell on Fashion-MNIST");
  cli.example("train --genotype runs/first/genotype.txt --out runs/first/network", "what a search found");
  return cli.run(argc, argv, [&](const CommonFlags& common) { return run(flags, common); });
}
