#include "nas/genotype/genotype.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "engine/tensor/error.h"
#include "nas/report/numbers.h"
#include "nas/space/suggest.h"

namespace nascent::nas {
namespace {

std::string genes_text(const std::vector<Gene>& genes) {
  std::vector<std::string> parts;
  for (const Gene& gene : genes) parts.push_back(fmt::format("('{}', {})", gene.operation, gene.from));
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

std::string concat_text(const std::vector<int>& concat) {
  std::vector<int> counting(concat.size());
  if (!concat.empty()) std::iota(counting.begin(), counting.end(), concat.front());
  if (!concat.empty() && concat == counting) return fmt::format("range({}, {})", concat.front(), concat.back() + 1);
  return fmt::format("[{}]", fmt::join(concat, ", "));
}

void check_cell(const std::vector<Gene>& genes, const std::vector<int>& concat, const std::string& cell,
                const Space& space, const std::string& origin) {
  // A chain of 32 nodes is beyond any published cell, and small enough to draw.
  constexpr std::size_t most_genes = 64;
  if (genes.empty() || genes.size() % 2 != 0 || genes.size() > most_genes)
    throw DataError(fmt::format("{}: {} has {}; expected two for each node, so an even number from 2 to {}.", origin,
                                cell, counted(static_cast<std::int64_t>(genes.size()), "gene"), most_genes));
  const std::vector<std::string> allowed = space.derivable();
  for (std::size_t g = 0; g < genes.size(); ++g) {
    const Gene& gene = genes[g];
    const int node = static_cast<int>(g / 2);
    if (gene.operation == "none" && space.index_of("none") >= 0)
      throw DataError(fmt::format("{}: {} gene {} is 'none', which only the search uses; expected one of {}.", origin,
                                  cell, g, comma_list(allowed)));
    if (space.index_of(gene.operation) < 0)
      throw DataError(fmt::format("{}: {} gene {} has the unknown operation '{}'.{} Expected one of {}.", origin, cell,
                                  g, printable(gene.operation), did_you_mean(gene.operation, allowed),
                                  comma_list(allowed)));
    if (gene.from < 0 || gene.from >= space.inputs + node)
      throw DataError(fmt::format("{}: {} gene {} ('{}', {}): node {} can read states 0 to {}, got {}.", origin, cell,
                                  g, gene.operation, gene.from, node, space.inputs + node - 1, gene.from));
  }
  const int states = space.inputs + static_cast<int>(genes.size() / 2);
  if (concat.empty()) throw DataError(fmt::format("{}: {}_concat names no node.", origin, cell));
  for (std::size_t i = 0; i < concat.size(); ++i) {
    if (concat[i] < space.inputs || concat[i] >= states)
      throw DataError(fmt::format("{}: {}_concat names state {}; expected nodes of the cell, states {} to {}.", origin,
                                  cell, concat[i], space.inputs, states - 1));
    if (std::count(concat.begin(), concat.end(), concat[i]) > 1)
      throw DataError(fmt::format("{}: {}_concat names state {} twice.", origin, cell, concat[i]));
  }
}

}  // namespace

std::string to_text(const Genotype& genotype) {
  return fmt::format("Genotype(normal={}, normal_concat={}, reduce={}, reduce_concat={})", genes_text(genotype.normal),
                     concat_text(genotype.normal_concat), genes_text(genotype.reduce),
                     concat_text(genotype.reduce_concat));
}

void check_genotype(const Genotype& genotype, const Space& space, const std::string& origin) {
  if (space.inputs != 2)
    throw DataError(fmt::format("{}: the {} space is a chain, which a genotype cannot describe.", origin, space.name));
  check_cell(genotype.normal, genotype.normal_concat, "normal", space, origin);
  check_cell(genotype.reduce, genotype.reduce_concat, "reduce", space, origin);
}

}  // namespace nascent::nas
