#pragma once
// From architecture parameters to an architecture. Plain data: no tensor comes in here.
#include <span>
#include <string>
#include <vector>

#include "nas/genotype/chain.h"
#include "nas/genotype/genotype.h"
#include "nas/space/space.h"

namespace nascent::nas {

// Raw alphas or their softmax weights: one row an edge, one column an operation, in the space's order.
using AlphaMatrix = std::vector<std::vector<double>>;

std::vector<double> softmax(std::span<const double> alphas);
AlphaMatrix softmax_rows(const AlphaMatrix& alphas);

struct EdgeChoice {
  int source, target;     // states, numbered as in the space
  std::string operation;  // the strongest that is not `none`
  double confidence;      // its softmax weight, with `none` in the denominator
  bool kept;              // is the edge part of the derived cell?
};

struct CellDerivation {
  std::vector<Gene> genes;
  std::vector<EdgeChoice> table;  // every edge of the space, in the order of its rows
};

struct Derivation {
  Genotype genotype;
  std::vector<EdgeChoice> normal, reduce;
};

// DARTS's rule (quark0/darts, cnn/model_search.py): softmax over all operations; of the edges into a node keep the two
// whose strongest operation but `none` weighs most, strongest first; among equals the earlier edge, and the earlier
// operation. ContractError when the matrix has not the space's shape, NumericError when an alpha is not finite.
CellDerivation derive_cell(const AlphaMatrix& alphas, const Space& space = darts_space());
Derivation derive_genotype(const AlphaMatrix& normal, const AlphaMatrix& reduce, const Space& space = darts_space());

// The strongest operation of every edge; one matrix a cell.
ChainArchitecture derive_chain(const std::vector<AlphaMatrix>& cells, const Space& space = lecture_space());

// Entropy of an edge's softmax in nats: ln(operations) while it is undecided, 0 once it is certain.
double edge_entropy(std::span<const double> alphas);
double total_edge_entropy(const AlphaMatrix& alphas);
double mean_edge_entropy(const AlphaMatrix& alphas);

}  // namespace nascent::nas
