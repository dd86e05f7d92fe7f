#include "nas/derive/derive.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <set>

#include "engine/tensor/error.h"
#include "nas/derive/random_architecture.h"

using namespace nascent;
using namespace nascent::nas;

namespace {

constexpr std::size_t none = 0, max3 = 1, avg3 = 2, skip = 3, sep3 = 4, dil5 = 7;

AlphaMatrix undecided() { return AlphaMatrix(14, std::vector<double>(8, 0.0)); }

}  // namespace

TEST_CASE("edges are ranked by softmax with none in the denominator, not by raw alpha") {
  AlphaMatrix alphas = undecided();
  alphas[0].assign(8, -9);
  alphas[1].assign(8, -9);
  alphas[0][none] = 5;
  alphas[0][sep3] = 2;
  alphas[1][none] = -5;
  alphas[1][sep3] = 1;
  const CellDerivation cell = derive_cell(alphas);
  CHECK(cell.genes[0] == Gene{"sep_conv_3x3", 1});
  CHECK(cell.genes[1] == Gene{"sep_conv_3x3", 0});
  CHECK(cell.table[1].confidence == Approx(0.997).margin(0.001));
  CHECK(cell.table[0].confidence == Approx(0.047).margin(0.001));
}

TEST_CASE("ties go to the earlier edge and the earlier operation") {
  const CellDerivation cell = derive_cell(undecided());
  std::vector<Gene> expected;
  for (int node = 0; node < 4; ++node)
    for (int source = 0; source < 2; ++source) expected.push_back({"max_pool_3x3", source});
  CHECK(cell.genes == expected);
  for (const EdgeChoice& edge : cell.table) CHECK(edge.confidence == 0.125);
}

TEST_CASE("none is never derived, however strong") {
  AlphaMatrix alphas = undecided();
  for (auto& row : alphas) row[none] = 50;
  alphas[4][dil5] = 3;
  const CellDerivation cell = derive_cell(alphas);
  for (const Gene& gene : cell.genes) CHECK(gene.operation != "none");
  CHECK(cell.genes[2] == Gene{"dil_conv_5x5", 2});
  CHECK(cell.genes[3] == Gene{"max_pool_3x3", 0});
}

TEST_CASE("genes stand in the order of strength and the table in the order of edges") {
  AlphaMatrix alphas = undecided();
  alphas[9 + 4][skip] = 2;  // node 3 reads state 4 most
  alphas[9 + 1][avg3] = 1;
  alphas[9 + 3][max3] = 0.5;
  const Derivation derived = derive_genotype(alphas, undecided());
  CHECK(derived.genotype.normal[6] == Gene{"skip_connect", 4});
  CHECK(derived.genotype.normal[7] == Gene{"avg_pool_3x3", 1});
  CHECK(derived.genotype.normal_concat == std::vector<int>{2, 3, 4, 5});
  CHECK_NOTHROW(check_genotype(derived.genotype, darts_space()));
  REQUIRE(derived.normal.size() == 14);
  int kept = 0;
  for (std::size_t row = 0; row < 14; ++row) {
    CHECK(derived.normal[row].source == darts_space().edges[row].source);
    CHECK(derived.normal[row].target == darts_space().edges[row].target);
    kept += derived.normal[row].kept;
  }
  CHECK(kept == 8);
  CHECK(derived.normal[13].kept);
  CHECK(derived.normal[10].kept);
  CHECK_FALSE(derived.normal[12].kept);
}

TEST_CASE("a chain takes the strongest operation of every edge") {
  std::vector<AlphaMatrix> cells(2, AlphaMatrix(3, std::vector<double>(5, 0.0)));
  cells[0][1][4] = std::log(2.0);
  cells[1][2][2] = 1;
  cells[1][2][3] = 1;
  const ChainArchitecture chain = derive_chain(cells);
  CHECK(chain.cells[0][0] == ChainChoice{"conv3x3", 0.2});
  CHECK(chain.cells[0][1].operation == "skip");
  CHECK(chain.cells[0][1].probability == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(chain.cells[1][2].operation == "sep_conv3x3");
  CHECK(parse_chain(to_text(chain)) == chain);
}

TEST_CASE("matrices of another shape and alphas that are not numbers are refused") {
  AlphaMatrix alphas = undecided();
  alphas[7][2] = std::nan("");
  CHECK_THROWS_AS(derive_cell(alphas), NumericError);
  alphas[7].pop_back();
  CHECK_THROWS_WITH(derive_cell(alphas), Catch::Contains("expected 8 alphas on edge 7") && Catch::Contains("got 7"));
  alphas.pop_back();
  CHECK_THROWS_WITH(derive_cell(alphas), Catch::Contains("expected 14 rows of alphas"));
  CHECK_THROWS_AS(derive_chain({}), ContractError);
}

TEST_CASE("entropy is ln(operations) while undecided and goes to zero") {
  CHECK(mean_edge_entropy(undecided()) == Approx(std::log(8.0)).epsilon(1e-14));
  CHECK(total_edge_entropy(undecided()) == Approx(14 * std::log(8.0)).epsilon(1e-14));
  AlphaMatrix certain = undecided();
  for (auto& row : certain) row[skip] = 2000;
  CHECK(mean_edge_entropy(certain) == 0);
  const std::vector<double> two{1000, 1000 + std::log(3.0)};
  CHECK(edge_entropy(two) == Approx(-0.25 * std::log(0.25) - 0.75 * std::log(0.75)).epsilon(1e-12));
}

TEST_CASE("random architectures are valid, repeatable and different") {
  std::set<std::string> texts;
  std::set<std::string> operations;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Genotype genotype = random_genotype(seed);
    CHECK(genotype == random_genotype(seed));
    CHECK_NOTHROW(check_genotype(genotype, darts_space()));
    texts.insert(to_text(genotype));
    for (const auto* cell : {&genotype.normal, &genotype.reduce})
      for (std::size_t g = 0; g < cell->size(); g += 2) {
        CHECK((*cell)[g].from < (*cell)[g + 1].from);
        operations.insert((*cell)[g].operation);
        operations.insert((*cell)[g + 1].operation);
      }
  }
  CHECK(texts.size() == 100);
  CHECK(operations.size() == 7);
}

TEST_CASE("every pair of predecessors and every operation is equally likely") {
  // Node 3 chooses 2 of 5 states: 10 pairs. With 4,000 draws each is expected 400 times, deviation 19; operations
  // 8,000 / 7 = 1,143 times, deviation 31. Five deviations either way.
  std::map<std::pair<int, int>, int> pairs;
  std::map<std::string, int> operations;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const std::vector<Gene> genes = random_genotype(seed).normal;
    ++pairs[{genes[6].from, genes[7].from}];
    ++operations[genes[6].operation];
    ++operations[genes[7].operation];
  }
  CHECK(pairs.size() == 10);
  for (const auto& [pair, count] : pairs) CHECK(std::abs(count - 400) < 95);
  for (const auto& [operation, count] : operations) CHECK(std::abs(count - 1143) < 157);
}
