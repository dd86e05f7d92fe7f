#include "examples/support/derivation.h"

#include "examples/support/numbers.h"
#include "examples/support/table.h"

namespace nascent::examples {
namespace {

std::string state(int index) {
  return index == 0 ? "c_{k-2}" : index == 1 ? "c_{k-1}" : "node " + std::to_string(index - 2);
}

void add_rows(Table& table, const std::string& cell, const std::vector<nas::EdgeChoice>& edges) {
  for (const nas::EdgeChoice& e : edges)
    table.row(
        {cell, state(e.source) + " → " + state(e.target), e.operation, percent(e.confidence), e.kept ? "yes" : ""});
}

}  // namespace

std::string derivation_table(const nas::Derivation& derivation) {
  Table table({{"cell"}, {"edge"}, {"operation"}, {"confidence", Align::right}, {"kept"}});
  add_rows(table, "normal", derivation.normal);
  add_rows(table, "reduce", derivation.reduce);
  return table.text();
}

std::string chain_table(const nas::ChainArchitecture& chain) {
  Table table({{"cell", Align::right}, {"edge", Align::right}, {"operation"}, {"confidence", Align::right}});
  for (std::size_t c = 0; c < chain.cells.size(); ++c)
    for (std::size_t e = 0; e < chain.cells[c].size(); ++e)
      table.row(
          {std::to_string(c), std::to_string(e), chain.cells[c][e].operation, percent(chain.cells[c][e].probability)});
  return table.text();
}

}  // namespace nascent::examples
