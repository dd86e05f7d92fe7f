#include "examples/support/results.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/support/numbers.h"
#include "examples/support/table.h"

namespace nascent::examples {
namespace {

const nas::ResultRow* supernet_of(const std::vector<nas::ResultRow>& results) {
  for (const nas::ResultRow& row : results)
    if (row.name == "supernet") return &row;
  return nullptr;
}

}  // namespace

std::string results_table(const std::vector<nas::ResultRow>& results) {
  Table table({{"network"},
               {"test accuracy", Align::right},
               {"parameters", Align::right},
               {"multiply-adds", Align::right},
               {"time", Align::right}});
  for (const nas::ResultRow& row : results)
    table.row({row.name, percent(row.test_accuracy), measured_count(row.parameters), measured_count(row.macs),
               duration(row.seconds)});
  std::string text = table.text();
  const nas::ResultRow* supernet = supernet_of(results);
  if (supernet && supernet != &results[0] && results[0].parameters > 0 && results[0].macs > 0)
    text += fmt::format("\nfrom supernet to {}: {} parameters, {} multiply-adds\n", results[0].name,
                        times_fewer(supernet->parameters, results[0].parameters),
                        times_fewer(supernet->macs, results[0].macs));
  return text;
}

std::string results_json(const std::vector<nas::ResultRow>& results) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const nas::ResultRow& row : results) {
    nlohmann::ordered_json entry = {{"name", row.name}, {"parameters", row.parameters}, {"macs", row.macs}};
    if (std::isfinite(row.test_accuracy)) entry["test_accuracy"] = row.test_accuracy;
    if (std::isfinite(row.seconds)) entry["seconds"] = row.seconds;
    list.push_back(entry);
  }
  return nlohmann::ordered_json{{"results", list}}.dump() + "\n";
}

}  // namespace nascent::examples
