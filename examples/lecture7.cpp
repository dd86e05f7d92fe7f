// The course demo, part by part: from one mixed operation to a discovered network, on drawn images.
#include <fmt/format.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "engine/data/load_test.h"
#include "engine/ops/ops.h"
#include "examples/support/cli.h"
#include "examples/support/derivation.h"
#include "examples/support/lecture_pictures.h"
#include "examples/support/numbers.h"
#include "examples/support/results.h"
#include "nas/cost/cost.h"
#include "nas/network/chain_network.h"
#include "nas/network/evaluate.h"
#include "nas/network/train.h"
#include "nas/search/lecture.h"
#include "nas/space/operations.h"
#include "nas/supernet/mixed_edge.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

constexpr std::int64_t kChannels = 16, kTrain = 500, kValidation = 200, kEpochs = 30;
constexpr nas::ImageSize kImage{.channels = 3, .height = 32, .width = 32};

void heading(std::ostream& out, int part, const std::string& title) { out << fmt::format("\n{}. {}\n\n", part, title); }

void show_mixed_operation(std::ostream& out, std::uint64_t seed) {
  heading(out, 1, "A mixed operation: every candidate at once, weighted by the softmax of alpha");
  ParameterStore store(seed);
  std::vector<std::unique_ptr<Module>> operations;
  const std::vector<std::string>& names = nas::lecture_space().operations;
  for (const std::string& name : names)
    operations.push_back(nas::make_lecture_operation(name, store.root() / name, kChannels));
  const nas::MixedEdge edge(std::move(operations));
  const Tensor alpha = Tensor::zeros({static_cast<std::int64_t>(names.size())});
  const Tensor weights = softmax(alpha);
  const Tensor y = edge.forward(Tensor::full({2, 32, 32, kChannels}, 1), weights, {});
  for (std::size_t i = 0; i < names.size(); ++i)
    out << fmt::format("   {:<12} weight {:.3f}\n", names[i], weights.at(static_cast<std::int64_t>(i)));
  out << "   an input of shape [2, 32, 32, 16] leaves with shape " << y.shape().text() << '\n';
}

void show_supernet(std::ostream& out, const nas::Supernet& supernet) {
  heading(out, 2, "The supernet: all architectures in one network");
  out << fmt::format(
      "   a DARTS cell (14 edges, 8 operations) has 8^14 = {} architectures; this chain has 5^6 = {}\n"
      "   {} architecture and {} weight parameters\n",
      nas::assignment_count(nas::darts_space()), nas::assignment_count(nas::lecture_space()), supernet.alpha_count(),
      grouped(supernet.store().weight_count()));
}

std::vector<nas::LectureEpoch> show_search(std::ostream& out, nas::Supernet& supernet, const Batch& train,
                                           const Batch& validation) {
  heading(out, 3, "The bi-level loop: weights follow the training loss, alphas the validation loss");
  return nas::lecture_search(supernet, train, validation, kEpochs, [&out](const nas::LectureEpoch& e) {
    if (e.epoch % 5 == 0 || e.epoch == kEpochs - 1)
      out << fmt::format("   epoch {:>2}: train loss {:.4f}, validation loss {:.4f}, entropy {:.4f}\n", e.epoch,
                         e.step.train_loss, e.step.validation_loss, e.entropy)
          << std::flush;
  });
}

nas::ResultRow train_network(const std::string& name, const nas::ChainArchitecture& architecture,
                             const TrainingData& training, const TestData& test, std::uint64_t seed) {
  nas::ChainNetwork network(architecture, {.size = {.channels = kChannels, .image = kImage}, .seed = seed});
  const Normalization normalization = measure(training.data);
  const auto start = std::chrono::steady_clock::now();
  nas::train(network, training, normalization, {.batch = 50, .epochs = 8, .seed = seed});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {name, nas::evaluate(network, test.data, normalization).accuracy, network.store().weight_count(),
          nas::count_macs(network, network.store(), kImage), seconds};
}

nas::ChainArchitecture uniform_chain(const std::string& operation) {
  const nas::Space& space = nas::lecture_space();
  return {std::vector(space.cells.size(), std::vector(space.edges.size(), nas::ChainChoice{operation, 1}))};
}

nas::ChainArchitecture random_chain(std::uint64_t seed) {
  nas::ChainArchitecture chain = uniform_chain("skip");
  const std::vector<std::string>& operations = nas::lecture_space().operations;
  const Random random(seed, "random chain");
  std::uint64_t index = 0;
  for (auto& cell : chain.cells)
    for (nas::ChainChoice& edge : cell)
      edge.operation = operations[random.below(index++, static_cast<std::uint32_t>(operations.size()))];
  return chain;
}

nlohmann::ordered_json to_json(const nas::Supernet& supernet, const std::vector<nas::LectureEpoch>& history,
                               const nas::ChainArchitecture& found, const std::vector<nas::ResultRow>& results,
                               const std::vector<std::string>& pictures) {
  nlohmann::ordered_json epochs = nlohmann::ordered_json::array();
  for (const nas::LectureEpoch& e : history)
    epochs.push_back({{"epoch", e.epoch},
                      {"train_loss", e.step.train_loss},
                      {"validation_loss", e.step.validation_loss},
                      {"entropy", e.entropy}});
  return {{"architecture_parameters", supernet.alpha_count()},
          {"weight_parameters", supernet.store().weight_count()},
          {"history", epochs},
          {"architecture", to_text(found)},
          {"results", nlohmann::ordered_json::parse(results_json(results)).at("results")},
          {"pictures", pictures}};
}

}  // namespace

int main(int argc, char** argv) {
  std::string plots;
  CommandLine cli("lecture7", "The course demo, part by part: mixed operation, supernet, bi-level search, discovery.");
  cli.text("--plots", plots, "DIR", "where the pictures go (a page and SVG files); without it there are none");
  cli.example("lecture7 --plots runs/lecture7", "about a minute on two cores");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    const LoadOptions load{.limit = kTrain + kValidation, .seed = common.seed};
    const TrainingData training = load_training("synthetic:3x32x32", load);
    const TestData test = load_test("synthetic:3x32x32", {.limit = 500, .seed = common.seed});
    const Halves halves =
        split_halves(training.data.size(), common.seed, static_cast<double>(kTrain) / (kTrain + kValidation));
    const Normalization normalization = measure(training.data);
    const Batch train = make_batch(training.data, halves.train, normalization),
                validation = make_batch(training.data, halves.validation, normalization);
    std::ostream out(common.json ? nullptr : std::cout.rdbuf());  // without a buffer it prints nothing
    out << fmt::format("The course demo on {} drawn images for weights and {} for alphas\n", kTrain, kValidation);

    show_mixed_operation(out, common.seed);
    const auto supernet =
        nas::make_supernet(nas::lecture_space(), {.channels = kChannels, .image = kImage, .seed = common.seed});
    show_supernet(out, *supernet);
    const std::vector<nas::LectureEpoch> history = show_search(out, *supernet, train, validation);

    heading(out, 4, "Derivation: the strongest operation of every edge");
    const nas::ChainArchitecture found = nas::derive_chain(supernet->alpha_matrices());
    out << chain_table(found);

    heading(out, 5, "The discovered network");
    const nas::ChainNetwork network(found, {.size = {.channels = kChannels, .image = kImage}});
    out << fmt::format(
        "   {} parameters: {:.1f} times fewer than the supernet\n", grouped(network.store().weight_count()),
        static_cast<double>(supernet->store().weight_count()) / static_cast<double>(network.store().weight_count()));

    heading(out, 6, "Comparison: the same training for each, then 500 images none of them has seen");
    const std::vector<nas::ResultRow> results = {
        train_network("discovered", found, training, test, common.seed),
        train_network("random", random_chain(common.seed), training, test, common.seed),
        train_network("all conv3x3", uniform_chain("conv3x3"), training, test, common.seed)};
    out << results_table(results);

    heading(out, 7, "Pictures");
    std::vector<std::string> pictures;
    if (plots.empty())
      out << "   none; --plots DIR writes losses, entropy, alphas and the architecture\n";
    else
      pictures = write_lecture_pictures(plots, history, found, results);
    for (const std::string& file : pictures) out << "   " << file << '\n';
    if (common.json) std::cout << to_json(*supernet, history, found, results, pictures).dump() << '\n';
    return 0;
  });
}
