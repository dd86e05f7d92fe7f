#pragma once
// A run's outcome in the forms it is kept in: the data of its report, the lines of its history, its configuration.
#include <string>

#include "engine/data/load_test.h"
#include "nas/network/derived_network.h"
#include "nas/network/evaluate.h"
#include "nas/network/train.h"
#include "nas/report/report.h"
#include "nas/search/search.h"

namespace nascent::nas {

// What repeats a run, as the programs know it.
struct Provenance {
  std::string command;
  std::string data;  // --data as given
  std::uint64_t seed = 0;
  int threads = 1;
};

struct SearchOutcome {
  const SearchOptions& options;
  const Dataset& data;
  const SearchResult& result;
  std::int64_t macs = 0;  // of the supernet, one image
  double seconds = 0;
};
ReportData search_report(const SearchOutcome& outcome, const Provenance& provenance);
std::string search_config_json(const SearchOptions& options, const std::string& preset, const Provenance& provenance);
std::string history_json(const EpochReport& epoch, const Space& space);

struct TrainOutcome {
  std::string name;  // "derived", or the genotype's name
  const Genotype& genotype;
  const NetworkOptions& network;
  const TrainOptions& options;
  const std::vector<TrainEpoch>& history;
  const Evaluation& evaluation;
  const Dataset& test;
  std::int64_t parameters = 0, macs = 0;
  double seconds = 0;
};
ReportData train_report(const TrainOutcome& outcome, const Provenance& provenance);
std::string train_config_json(const std::string& genotype, const NetworkOptions& network, const TrainOptions& options,
                              const Provenance& provenance);
std::string history_json(const TrainEpoch& epoch);

}  // namespace nascent::nas
