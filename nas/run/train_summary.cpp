#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "nas/report/numbers.h"
#include "nas/run/facts.h"
#include "nas/run/summary.h"

namespace nascent::nas {

ReportData train_report(const TrainOutcome& o, const Provenance& provenance) {
  ReportData data;
  data.title = "Training of " + o.name + " on " + o.test.name;
  data.facts = {{o.name + " network",
                 counted(o.network.size.channels, "channel") + ", " + counted(o.network.size.layers, "layer")},
                {o.name + " training", fmt::format("{}, batch {}, {}", counted(o.options.epochs, "epoch"),
                                                   o.options.batch, duration(o.seconds))}};
  data.results = {{o.name, o.evaluation.accuracy, o.parameters, o.macs, o.seconds}};
  History history{"Training of " + o.name, {}};
  for (const TrainEpoch& e : o.history)
    history.epochs.push_back({.epoch = static_cast<int>(e.epoch) + 1,
                              .train_loss = e.loss,
                              .train_accuracy = e.accuracy,
                              .learning_rate = e.learning_rate,
                              .images_per_second = e.images_per_second});
  data.histories = {history};
  data.genotypes = {{o.name, {.genotype = o.genotype, .normal = {}, .reduce = {}}}};
  data.confusion = {o.test.class_names, o.evaluation.confusion};
  for (const Misclassified& m : o.evaluation.mistakes) {
    const auto pixels = o.test.image(m.image);
    data.mistakes.push_back({{pixels.begin(), pixels.end()},
                             o.test.height,
                             o.test.width,
                             o.test.channels,
                             o.test.class_names[m.truth],
                             o.test.class_names[m.predicted],
                             m.confidence});
  }
  data.provenance = provenance_facts("train", provenance);
  return data;
}

std::string history_json(const TrainEpoch& e) {
  return nlohmann::ordered_json{{"epoch", e.epoch},
                                {"train_loss", e.loss},
                                {"train_accuracy", e.accuracy},
                                {"learning_rate", e.learning_rate},
                                {"images_per_second", e.images_per_second},
                                {"seconds", e.seconds}}
      .dump();
}

}  // namespace nascent::nas
