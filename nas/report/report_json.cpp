#include "nas/report/report_json.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/tensor/error.h"

namespace nascent::nas {

using Json = nlohmann::json;

namespace {

// JSON has no NaN: what was not measured is null.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number(const Json& json) { return json.is_null() ? not_measured : json.get<double>(); }

struct EpochField {
  const char* name;
  double EpochRecord::*value;
};
constexpr EpochField kEpochFields[] = {{"train_loss", &EpochRecord::train_loss},
                                       {"train_accuracy", &EpochRecord::train_accuracy},
                                       {"validation_loss", &EpochRecord::validation_loss},
                                       {"validation_accuracy", &EpochRecord::validation_accuracy},
                                       {"entropy", &EpochRecord::entropy},
                                       {"learning_rate", &EpochRecord::learning_rate},
                                       {"images_per_second", &EpochRecord::images_per_second}};

}  // namespace

// nlohmann finds these by name and argument: the pairs below are the format.
void to_json(Json& j, const EpochRecord& r) {
  j["epoch"] = r.epoch;
  for (const EpochField& field : kEpochFields) j[field.name] = number(r.*field.value);
}
void from_json(const Json& j, EpochRecord& r) {
  r.epoch = j.at("epoch");
  for (const EpochField& field : kEpochFields) r.*field.value = number(j.at(field.name));
}
void to_json(Json& j, const ResultRow& r) {
  j = {{"name", r.name},
       {"test_accuracy", number(r.test_accuracy)},
       {"parameters", r.parameters},
       {"macs", r.macs},
       {"seconds", number(r.seconds)}};
}
void from_json(const Json& j, ResultRow& r) {
  r = {j.at("name"), number(j.at("test_accuracy")), j.at("parameters"), j.at("macs"), number(j.at("seconds"))};
}
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(History, title, epochs)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AlphaHistory, cell, edges, operations, epochs, weights)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Gene, operation, from)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Genotype, normal, normal_concat, reduce, reduce_concat)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EdgeChoice, source, target, operation, confidence, kept)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Derivation, genotype, normal, reduce)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NamedDerivation, title, derivation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ConfusionMatrix, classes, counts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Mistake, pixels, height, width, channels, truth, predicted, confidence)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ChainChoice, operation, probability)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ChainArchitecture, cells)

std::string to_json(const ReportData& data) {
  Json j = {{"title", data.title},         {"facts", data.facts},       {"results", data.results},
            {"histories", data.histories}, {"alphas", data.alphas},     {"genotypes", data.genotypes},
            {"confusion", data.confusion}, {"mistakes", data.mistakes}, {"provenance", data.provenance}};
  if (data.chain) j["chain"] = *data.chain;
  return j.dump();
}

ReportData read_report_json(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw FileError(path.string() + ": cannot be opened; is this the folder of a search or a training?");
  try {
    const Json j = Json::parse(in);
    ReportData data;
    j.at("title").get_to(data.title);
    j.at("facts").get_to(data.facts);
    j.at("results").get_to(data.results);
    j.at("histories").get_to(data.histories);
    j.at("alphas").get_to(data.alphas);
    j.at("genotypes").get_to(data.genotypes);
    j.at("confusion").get_to(data.confusion);
    j.at("mistakes").get_to(data.mistakes);
    j.at("provenance").get_to(data.provenance);
    if (j.contains("chain")) data.chain = j.at("chain").get<ChainArchitecture>();
    for (const NamedDerivation& found : data.genotypes)
      check_genotype(found.derivation.genotype, darts_space(), path.string());
    return data;
  } catch (const Json::exception& error) {
    throw DataError(path.string() + ": is not a report's data (" + error.what() + ")");
  }
}

ReportData merge(std::span<const ReportData> runs) {
  ReportData all;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const ReportData& run : runs) {
    if (all.title.empty()) all.title = run.title;
    append(all.facts, run.facts);
    append(all.results, run.results);
    append(all.histories, run.histories);
    append(all.alphas, run.alphas);
    for (const NamedDerivation& named : run.genotypes)  // a derived cell is not drawn again for its training
      if (std::none_of(all.genotypes.begin(), all.genotypes.end(), [&](const NamedDerivation& drawn) {
            return drawn.derivation.genotype == named.derivation.genotype;
          }))
        all.genotypes.push_back(named);
    append(all.provenance, run.provenance);
    if (!all.chain) all.chain = run.chain;
    if (all.confusion.counts.empty()) {
      all.confusion = run.confusion;
      all.mistakes = run.mistakes;
    }
  }
  std::stable_partition(all.results.begin(), all.results.end(),
                        [](const ResultRow& row) { return std::isfinite(row.test_accuracy); });
  return all;
}

}  // namespace nascent::nas
