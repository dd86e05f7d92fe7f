#include "examples/support/closest.h"

#include <algorithm>
#include <numeric>

namespace nascent::examples {
namespace {

// Levenshtein's distance, one row of the table at a time.
std::size_t edits(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(const std::string& typed, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 100;  // nobody mistypes more than that; the table is quadratic
  if (typed.size() > longest) return "";
  std::size_t fewest = 3;
  std::string closest;
  for (const std::string& name : known) {
    const std::size_t count = edits(typed, name);
    if (count < fewest && count < name.size() / 2) {
      fewest = count;
      closest = name;
    }
  }
  return closest.empty() ? "" : "; did you mean '" + closest + "'?";
}

}  // namespace nascent::examples
