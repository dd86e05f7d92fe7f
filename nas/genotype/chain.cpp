#include "nas/genotype/chain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/tensor/error.h"
#include "nas/genotype/json.h"
#include "nas/genotype/scanner.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

void check_chain(const ChainArchitecture& chain, const Space& space, const std::string& origin) {
  if (chain.cells.size() != space.cells.size())
    throw DataError(fmt::format("{}: expected {} cells, got {}.", origin, space.cells.size(), chain.cells.size()));
  for (std::size_t c = 0; c < chain.cells.size(); ++c) {
    if (chain.cells[c].size() != space.edges.size())
      throw DataError(fmt::format("{}: expected {} edges in cell {}, got {}.", origin, space.edges.size(), c,
                                  chain.cells[c].size()));
    for (const ChainChoice& choice : chain.cells[c]) {
      if (space.index_of(choice.operation) < 0)
        throw DataError(fmt::format("{}: unknown operation '{}' in cell {}.{} Expected one of {}.", origin,
                                    printable(choice.operation), c, did_you_mean(choice.operation, space.operations),
                                    comma_list(space.operations)));
      if (!(choice.probability >= 0 && choice.probability <= 1))
        throw DataError(
            fmt::format("{}: expected a probability from 0 to 1 in cell {}, got {}.", origin, c, choice.probability));
    }
  }
}

std::vector<ChainChoice> edges_of_cell(Scanner& scan) {
  std::vector<ChainChoice> edges;
  scan.expect('[', "the bracket before the cells");
  while (!scan.accept(']')) {
    if (!edges.empty()) scan.expect(',', "an edge");
    if (!edges.empty() && scan.accept(']')) break;
    if (!scan.accept('(')) scan.fail("expected an edge such as ('skip', 0.25), got " + scan.here());
    std::string operation = scan.quoted("an operation");
    scan.expect(',', "the operation");
    edges.push_back({std::move(operation), scan.number("a probability")});
    scan.expect(')', "the probability");
  }
  return edges;
}

}  // namespace

ChainArchitecture parse_chain(std::string_view text, const Space& space, const std::string& origin) {
  Scanner scan(text, origin);
  ChainArchitecture chain;
  if (scan.peek() == '{') {
    chain = chain_from_json(text, origin);
  } else {
    if (scan.word("'ChainArchitecture(' or JSON") != "ChainArchitecture")
      scan.fail_at_token("expected 'ChainArchitecture(' or JSON");
    scan.expect('(', "'ChainArchitecture'");
    if (scan.word("the field 'cells'") != "cells") scan.fail_at_token("expected the field 'cells'");
    scan.expect('=', "'cells'");
    scan.expect('[', "'='");
    while (!scan.accept(']')) {
      if (!chain.cells.empty()) scan.expect(',', "a cell");
      if (!chain.cells.empty() && scan.accept(']')) break;
      chain.cells.push_back(edges_of_cell(scan));
    }
    scan.expect(')', "the cells");
    scan.expect_end("the closing ')'");
  }
  check_chain(chain, space, origin);
  return chain;
}

std::string to_text(const ChainArchitecture& chain) {
  std::vector<std::string> cells;
  for (const auto& cell : chain.cells) {
    std::vector<std::string> edges;
    for (const ChainChoice& choice : cell)
      edges.push_back(fmt::format("('{}', {})", choice.operation, choice.probability));
    cells.push_back(fmt::format("[{}]", fmt::join(edges, ", ")));
  }
  return fmt::format("ChainArchitecture(cells=[{}])", fmt::join(cells, ", "));
}

}  // namespace nascent::nas
