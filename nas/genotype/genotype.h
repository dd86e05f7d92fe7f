#pragma once
// The architecture a DARTS search derives: for every node of a cell two genes, each an operation and the state it
// reads. States 0 and 1 are the outputs of the two cells before; node i is state i + 2.
//
// The text is the one DARTS prints, so that published cells paste in and ours paste out:
//   Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=range(2, 6), reduce=[...], reduce_concat=range(2, 6))
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nas/space/space.h"

namespace nascent::nas {

struct Gene {
  std::string operation;
  int from;
  bool operator==(const Gene&) const = default;
};

struct Genotype {
  std::vector<Gene> normal, reduce;               // genes 2i and 2i+1 belong to node i
  std::vector<int> normal_concat, reduce_concat;  // the states whose channels are the cell's output
  bool operator==(const Genotype&) const = default;
};

// Reads DARTS's text, or the JSON of to_json when the text begins with '{'. `origin` (a path) opens the message of
// the DataError that anything malformed raises, with the position and what was expected there.
Genotype parse_genotype(std::string_view text, const Space& space = darts_space(),
                        const std::string& origin = "genotype");

std::string to_text(const Genotype& genotype);
std::string to_json(const Genotype& genotype);

// DataError when a gene or concat could not have come from `space`; parse_genotype has checked already.
void check_genotype(const Genotype& genotype, const Space& space, const std::string& origin = "genotype");

// Published cells by the names their authors gave them (DARTS_V1, PC_DARTS_cifar, ...).
std::optional<Genotype> published_genotype(std::string_view name);
const std::vector<std::string>& published_names();

// What --genotype means: a published name, text or JSON of a genotype, or a file that holds one. UsageError when it is
// none of them, FileError when the file cannot be read, DataError when its contents cannot be used.
Genotype resolve_genotype(const std::string& argument, const Space& space = darts_space());

}  // namespace nascent::nas
