#include "nas/derive/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/tensor/error.h"

namespace nascent::nas {
namespace {

void check_alphas(const AlphaMatrix& alphas, const Space& space, const Where& where = Where::current()) {
  if (alphas.size() != space.edges.size())
    throw ContractError("derive",
                        fmt::format("expected {} rows of alphas, one for each edge of {}, got {}", space.edges.size(),
                                    space.name, alphas.size()),
                        where);
  for (std::size_t row = 0; row < alphas.size(); ++row) {
    if (alphas[row].size() != space.operations.size())
      throw ContractError("derive",
                          fmt::format("expected {} alphas on edge {}, one for each operation of {}, got {}",
                                      space.operations.size(), row, space.name, alphas[row].size()),
                          where);
    for (double alpha : alphas[row])
      if (!std::isfinite(alpha))
        throw NumericError(fmt::format("[derive] an alpha of edge {} is {}; the search has diverged.", row, alpha));
  }
}

// First of the largest, `none` left out.
std::size_t strongest(const std::vector<double>& weights, const Space& space) {
  std::size_t best = weights.size();
  for (std::size_t k = 0; k < weights.size(); ++k)
    if (space.operations[k] != "none" && (best == weights.size() || weights[k] > weights[best])) best = k;
  return best;
}

}  // namespace

std::vector<double> softmax(std::span<const double> alphas) {
  const double largest = *std::max_element(alphas.begin(), alphas.end());
  std::vector<double> weights;
  for (double alpha : alphas) weights.push_back(std::exp(alpha - largest));
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

AlphaMatrix softmax_rows(const AlphaMatrix& alphas) {
  AlphaMatrix weights;
  for (const auto& row : alphas) weights.push_back(softmax(row));
  return weights;
}

CellDerivation derive_cell(const AlphaMatrix& alphas, const Space& space) {
  check_alphas(alphas, space);
  CellDerivation cell;
  for (std::size_t row = 0; row < alphas.size(); ++row) {
    const std::vector<double> weights = softmax(alphas[row]);
    const std::size_t best = strongest(weights, space);
    cell.table.push_back(
        {space.edges[row].source, space.edges[row].target, space.operations[best], weights[best], false});
  }
  const auto confidence = [&](int row) { return cell.table[static_cast<std::size_t>(row)].confidence; };
  for (int node = 0; node < space.nodes; ++node) {
    std::vector<int> rows = space.rows_of_node(node);
    std::stable_sort(rows.begin(), rows.end(), [&](int a, int b) { return confidence(a) > confidence(b); });
    rows.resize(std::min<std::size_t>(rows.size(), 2));
    for (int row : rows) {
      EdgeChoice& edge = cell.table[static_cast<std::size_t>(row)];
      edge.kept = true;
      cell.genes.push_back({edge.operation, edge.source});
    }
  }
  return cell;
}

Derivation derive_genotype(const AlphaMatrix& normal, const AlphaMatrix& reduce, const Space& space) {
  CellDerivation n = derive_cell(normal, space), r = derive_cell(reduce, space);
  std::vector<int> concat(static_cast<std::size_t>(space.nodes));
  std::iota(concat.begin(), concat.end(), space.inputs);
  return {{std::move(n.genes), std::move(r.genes), concat, concat}, std::move(n.table), std::move(r.table)};
}

ChainArchitecture derive_chain(const std::vector<AlphaMatrix>& cells, const Space& space) {
  if (cells.size() != space.cells.size())
    throw ContractError("derive",
                        fmt::format("expected {} alpha matrices, one for each cell of {}, got {}", space.cells.size(),
                                    space.name, cells.size()),
                        Where::current());
  ChainArchitecture chain;
  for (const AlphaMatrix& alphas : cells) {
    check_alphas(alphas, space);
    auto& edges = chain.cells.emplace_back();
    for (const auto& row : alphas) {
      const std::vector<double> weights = softmax(row);
      const std::size_t best = strongest(weights, space);
      edges.push_back({space.operations[best], weights[best]});
    }
  }
  return chain;
}

double edge_entropy(std::span<const double> alphas) {
  double entropy = 0;
  for (double p : softmax(alphas))
    if (p > 0) entropy -= p * std::log(p);
  return entropy;
}

double total_edge_entropy(const AlphaMatrix& alphas) {
  double sum = 0;
  for (const auto& row : alphas) sum += edge_entropy(row);
  return sum;
}

double mean_edge_entropy(const AlphaMatrix& alphas) {
  return alphas.empty() ? 0 : total_edge_entropy(alphas) / static_cast<double>(alphas.size());
}

}  // namespace nascent::nas
