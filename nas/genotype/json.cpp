#include "nas/genotype/json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/tensor/error.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

using nlohmann::json;

// The library keeps the last of two equal keys and nests without a limit; both are refused while parsing.
json parse_strictly(std::string_view text, const std::string& origin) {
  constexpr int deepest = 4;  // {"cells": [[{...}]]}
  std::vector<std::set<std::string>> keys(deepest + 1);
  const auto watch = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > deepest) throw DataError(fmt::format("{}: JSON nested deeper than {} levels.", origin, deepest));
    const std::size_t level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start && level < keys.size() - 1) keys[level + 1].clear();
    if (event == json::parse_event_t::key && !keys[level].insert(value.get<std::string>()).second)
      throw DataError(fmt::format("{}: the field '{}' is given twice.", origin, printable(value.get<std::string>())));
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& error) {
    throw DataError(
        fmt::format("{}: not well-formed JSON at character {}.", origin, error.byte == 0 ? 0 : error.byte - 1));
  }
}

void check_fields(const json& document, const std::vector<std::string>& needed, const char* space,
                  const std::string& origin) {
  if (document.contains("space") && document["space"] != space)
    throw DataError(fmt::format("{}: expected \"space\": \"{}\", got {}.", origin, space,
                                printable(document["space"].dump(-1, ' ', true))));
  for (const auto& [key, value] : document.items())
    if (key != "space" && std::find(needed.begin(), needed.end(), key) == needed.end())
      throw DataError(fmt::format("{}: unknown field '{}'; expected {}.", origin, printable(key), comma_list(needed)));
  for (const std::string& field : needed)
    if (!document.contains(field) || !document[field].is_array())
      throw DataError(
          fmt::format("{}: expected an array as '{}'; all of {} are needed.", origin, field, comma_list(needed)));
}

int state_number(const json& value, const std::string& place, const std::string& origin) {
  constexpr int most_states = 1024;  // the space knows the true limit
  if (!value.is_number_integer() || value < -most_states || value > most_states)
    throw DataError(fmt::format("{}: {} should be a state's number.", origin, place));
  return value.get<int>();
}

std::vector<Gene> genes(const json& document, const std::string& field, const std::string& origin) {
  std::vector<Gene> list;
  for (const json& pair : document[field]) {
    const std::string place = fmt::format("{}[{}]", field, list.size());
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string())
      throw DataError(fmt::format("{}: {} should be a pair such as [\"skip_connect\", 0].", origin, place));
    list.push_back({pair[0].get<std::string>(), state_number(pair[1], place + "[1]", origin)});
  }
  return list;
}

std::vector<int> states(const json& document, const std::string& field, const std::string& origin) {
  std::vector<int> list;
  for (const json& state : document[field])
    list.push_back(state_number(state, fmt::format("{}[{}]", field, list.size()), origin));
  return list;
}

json genes_json(const std::vector<Gene>& genes) {
  json list = json::array();
  for (const Gene& gene : genes) list.push_back(json::array({gene.operation, gene.from}));
  return list;
}

}  // namespace

Genotype genotype_from_json(std::string_view text, const std::string& origin) {
  const json document = parse_strictly(text, origin);
  check_fields(document, {"normal", "normal_concat", "reduce", "reduce_concat"}, "darts", origin);
  return {genes(document, "normal", origin), genes(document, "reduce", origin),
          states(document, "normal_concat", origin), states(document, "reduce_concat", origin)};
}

ChainArchitecture chain_from_json(std::string_view text, const std::string& origin) {
  const json document = parse_strictly(text, origin);
  check_fields(document, {"cells"}, "lecture", origin);
  ChainArchitecture chain;
  for (const json& cell : document["cells"]) {
    if (!cell.is_array()) throw DataError(origin + ": each of the cells should be an array of edges.");
    auto& edges = chain.cells.emplace_back();
    for (const json& edge : cell) {
      if (!edge.is_object() || edge.size() != 2 || !edge.contains("operation") || !edge["operation"].is_string() ||
          !edge.contains("probability") || !edge["probability"].is_number())
        throw DataError(fmt::format("{}: cells[{}][{}] should be {{\"operation\": name, \"probability\": number}}.",
                                    origin, chain.cells.size() - 1, edges.size()));
      edges.push_back({edge["operation"].get<std::string>(), edge["probability"].get<double>()});
    }
  }
  return chain;
}

std::string to_json(const Genotype& genotype) {
  return nlohmann::ordered_json{{"space", "darts"},
                                {"normal", genes_json(genotype.normal)},
                                {"normal_concat", genotype.normal_concat},
                                {"reduce", genes_json(genotype.reduce)},
                                {"reduce_concat", genotype.reduce_concat}}
      .dump();
}

std::string to_json(const ChainArchitecture& chain) {
  auto cells = nlohmann::ordered_json::array();
  for (const auto& cell : chain.cells) {
    auto edges = nlohmann::ordered_json::array();
    for (const ChainChoice& choice : cell)
      edges.push_back({{"operation", choice.operation}, {"probability", choice.probability}});
    cells.push_back(edges);
  }
  return nlohmann::ordered_json{{"space", "lecture"}, {"cells", cells}}.dump();
}

}  // namespace nascent::nas
