// Holds this engine against a folder of reference numbers computed by another one (PyTorch).
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "examples/support/cli.h"
#include "examples/support/table.h"
#include "nas/verify/verify.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

nlohmann::ordered_json to_json(const std::vector<nas::Quantity>& quantities, bool ok) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const nas::Quantity& q : quantities)
    list.push_back({{"name", q.name}, {"relative_error", q.relative_error}, {"bound", q.bound}});
  return {{"quantities", list}, {"ok", ok}};
}

std::string to_table(const std::vector<nas::Quantity>& quantities) {
  Table table({{"quantity"}, {"relative error", Align::right}, {"bound", Align::right}, {""}});
  for (const nas::Quantity& q : quantities)
    table.row({q.name, fmt::format("{:.2e}", q.relative_error), fmt::format("{:.0e}", q.bound),
               q.ok() ? "ok" : "OUT OF BOUND"});
  return table.text();
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  CommandLine cli("verify",
                  "Holds this engine against a folder of reference numbers. Exit code 1: one is out of bound.");
  cli.argument("DIR", folder, "a lecture or darts reference: which one, its files say");
  cli.example("verify reference/lecture7-f64", "every quantity with its relative error and bound");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    const std::vector<nas::Quantity> quantities = nas::verify(folder);
    bool ok = true;
    for (const nas::Quantity& q : quantities) ok = ok && q.ok();
    if (common.json)
      std::cout << to_json(quantities, ok).dump(1) << '\n';
    else
      std::cout << to_table(quantities);
    return ok ? 0 : 1;
  });
}
