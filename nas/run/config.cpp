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
  j["weights"] = {{"learning_rate", b.weights.learning_rate},
                  {"final_learning_rate", o.final_learning_rate},
                  {"momentum", b.weights.momentum},
                  {"weight_decay", b.weights.weight_decay},
                  {"clip", b.clip}};
  j["alphas"] = {{"learning_rate", b.alphas.learning_rate},
                 {"beta1", b.alphas.beta1},
                 {"beta2", b.alphas.beta2},
                 {"weight_decay", b.alphas.weight_decay}};
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
  j["weights"] = {{"learning_rate", o.sgd.learning_rate},
                  {"momentum", o.sgd.momentum},
                  {"weight_decay", o.sgd.weight_decay},
                  {"clip", o.clip}};
  j["augmentation"] = to_json(o.augmentation);
  return j.dump(1);
}

}  // namespace nascent::nas
