#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nas/report/numbers.h"
#include "nas/run/facts.h"
#include "nas/run/summary.h"

namespace nascent::nas {
namespace {

std::vector<AlphaHistory> alpha_histories(const SearchResult& result, const Space& space) {
  std::vector<AlphaHistory> histories;
  for (std::size_t cell = 0; cell < space.cells.size(); ++cell) {
    AlphaHistory h{space.cells[cell], edge_labels(space), space.operations, {0}, {}};
    h.weights.push_back(softmax_rows(result.initial_alphas[cell]));
    for (const EpochReport& epoch : result.history) {
      h.epochs.push_back(static_cast<int>(epoch.epoch) + 1);
      h.weights.push_back(softmax_rows(epoch.alphas[cell]));
    }
    histories.push_back(std::move(h));
  }
  return histories;
}

}  // namespace

ReportData search_report(const SearchOutcome& o, const Provenance& provenance) {
  const Space& space = o.result.supernet->space();
  ReportData data;
  data.title = "Search of the " + space.name + " space on " + o.data.name;
  data.facts = {{"space", space.name},
                {"supernet", fmt::format("{} channels, {} layers", o.options.channels, o.options.layers)},
                {"order", name(o.options.bilevel.order)},
                {"search images", grouped(o.data.size()) + ", half for weights, half for alphas"},
                {"search time", duration(o.seconds)}};
  data.results = {{"supernet", not_measured, o.result.supernet->store().weight_count(), o.macs, o.seconds}};
  History history{"Search", {}};
  for (const EpochReport& e : o.result.history)
    history.epochs.push_back({static_cast<int>(e.epoch) + 1, e.train_loss, e.train_accuracy, e.validation_loss,
                              e.validation_accuracy, e.mean_entropy, e.learning_rate, e.images_per_second});
  data.histories = {history};
  data.alphas = alpha_histories(o.result, space);
  const std::vector<AlphaMatrix> alphas = o.result.supernet->alpha_matrices();
  if (space.name == "darts")
    data.genotypes = {{"Derived", derive_genotype(alphas[0], alphas[1], space)}};
  else
    data.chain = derive_chain(alphas, space);
  data.provenance = provenance_facts("search", provenance);
  return data;
}

std::string history_json(const EpochReport& e, const Space& space) {
  nlohmann::ordered_json alphas;
  for (std::size_t cell = 0; cell < space.cells.size(); ++cell) alphas[space.cells[cell]] = e.alphas[cell];
  return nlohmann::ordered_json{{"epoch", e.epoch},
                                {"train_loss", e.train_loss},
                                {"train_accuracy", e.train_accuracy},
                                {"validation_loss", e.validation_loss},
                                {"validation_accuracy", e.validation_accuracy},
                                {"mean_entropy", e.mean_entropy},
                                {"learning_rate", e.learning_rate},
                                {"images_per_second", e.images_per_second},
                                {"seconds", e.seconds},
                                {"peak_rss_bytes", e.peak_rss},
                                {"pool_peak_bytes", e.pool_peak},
                                {"alphas", alphas}}
      .dump();
}

}  // namespace nascent::nas
