#pragma once
// One self-contained page about a run: no network, no server, no file beside it. Everything here is plain data, so that
// any program can fill it in.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nas/derive/derive.h"

namespace nascent::nas {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

// What is not finite is shown as a gap; a train loss that is not finite is called a divergence.
struct EpochRecord {
  int epoch = 0;
  double train_loss = not_measured, train_accuracy = not_measured;  // accuracies from 0 to 1
  double validation_loss = not_measured, validation_accuracy = not_measured;
  double entropy = not_measured;  // mean over the edges, nats
  double learning_rate = not_measured;
  double images_per_second = not_measured;
};

// The curves of one piece of training: the search, or a network trained from scratch.
struct History {
  std::string title;
  std::vector<EpochRecord> epochs;
};

// Softmax weights of one cell over time, for the heat map.
struct AlphaHistory {
  std::string cell;                            // "normal"
  std::vector<std::string> edges, operations;  // labels of rows and columns
  std::vector<int> epochs;                     // one label for each of `weights`
  std::vector<AlphaMatrix> weights;            // edges x operations
};
// Labels "c_{k-2} → 0" of a space's edges; a chain's are "edge 0", "edge 1".
std::vector<std::string> edge_labels(const Space& space);

struct NamedDerivation {
  std::string title;
  Derivation derivation;  // the tables may be empty, for a genotype that was given and not derived
};

struct ResultRow {
  std::string name;
  double test_accuracy = not_measured;      // 0 to 1
  std::int64_t parameters = -1, macs = -1;  // -1: not counted
  double seconds = not_measured;
};

// counts[truth][prediction]; empty when nothing was tested.
struct ConfusionMatrix {
  std::vector<std::string> classes;
  std::vector<std::vector<std::int64_t>> counts;
};

struct Mistake {
  std::vector<std::uint8_t> pixels;  // height x width x channels, channel last
  int height = 0, width = 0, channels = 0;
  std::string truth, predicted;
  double confidence = 0;  // the softmax weight of the prediction, 0 to 1
};

using Facts = std::vector<std::pair<std::string, std::string>>;

struct ReportData {
  std::string title;
  Facts facts;                     // what was searched: data, space, preset, sizes, time of each part
  std::vector<ResultRow> results;  // the first row is the network the report is about, the others are compared with it
  std::vector<History> histories;  // the search first
  std::vector<AlphaHistory> alphas;
  std::vector<NamedDerivation> genotypes;
  std::optional<ChainArchitecture> chain;
  ConfusionMatrix confusion;
  std::vector<Mistake> mistakes;  // most confident first; the first 24 are shown
  Facts provenance;               // command line, seed, threads, version: what repeats the run
};

// The page as HTML text, at most about 1.5 MB: long histories are thinned and large images made small. ContractError
// when the parts do not fit together (a matrix of another shape than its labels, pixels that are not height x width x
// channels).
std::string render_report(const ReportData& data);

}  // namespace nascent::nas
