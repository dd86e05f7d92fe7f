// config.json: everything that decides what a run does.
#include <nlohmann/json.hpp>

#include "kernels/dispatch.h"
#include "nas/run/facts.h"
#include "nas/run/summary.h"

namespace nascent::nas {
namespace {

using Json = nlohmann::ordered_json;

Json config_head(const std::string& program, const Provenance& p) {
  return {{"program", program}, {"version", version()}, {"command", p.command},          {"data", p.data},
          {"seed", p.seed},     {"threads", p.threads}, {"kernels", kernels::isa_name()}};
}

Json to_json(const SgdOptions& o) {
  return {{"optimizer", "sgd"},
          {"learning_rate", o.learning_rate},
          {"momentum", o.momentum},
          {"weight_decay", o.weight_decay}};
}

Json to_json(const AdamOptions& o) {
  return {{"optimizer", "adam"},
          {"learning_rate", o.learning_rate},
          {"beta1", o.beta1},
          {"beta2", o.beta2},
          {"weight_decay", o.weight_decay}};
}

Json to_json(const Augmentation& a) {
  return {{"crop_padding", a.crop_padding}, {"flip", a.flip}, {"cutout", a.cutout}};
}

}  // namespace

std::string search_config_json(const SearchOptions& o, const std::string& preset, const Provenance& provenance) {
  const BilevelOptions& b = o.bilevel;
  Json j = config_head("search", provenance);
  j["preset"] = preset;
  j["space"] = o.space;
  j["order"] = name(b.order);
  j["channels"] = o.channels;
  j["layers"] = o.layers;
  j["batch"] = o.batch;
  j["epochs"] = o.epochs;
  j["limit"] = o.limit;
  j["fuse"] = o.fuse;
  j["recomputed_cells"] = o.recomputed_cells;
  j["weights"] = to_json(b.weights);
  j["weights"]["final_learning_rate"] = o.final_learning_rate;
  j["weights"]["clip"] = b.clip;
  j["alphas"] = to_json(b.alphas);
  j["augmentation"] = to_json(o.augmentation);
  return j.dump(1);
}

std::string train_config_json(const std::string& genotype, const NetworkOptions& network, const TrainOptions& o,
                              const Provenance& provenance) {
  Json j = config_head("train", provenance);
  j["genotype"] = genotype;
  j["channels"] = network.size.channels;
  j["layers"] = network.size.layers;
  j["batch"] = o.batch;
  j["epochs"] = o.epochs;
  j["auxiliary"] = network.auxiliary;
  j["drop_path"] = o.drop_path;
  j["weights"] = std::visit([](const auto& options) { return to_json(options); }, o.optimizer);
  j["weights"]["warm_up"] = o.warm_up;
  j["weights"]["clip"] = o.clip;
  j["augmentation"] = to_json(o.augmentation);
  return j.dump(1);
}

}  // namespace nascent::nas
