// Puts several run folders on one page, and their results in one table.
#include <iostream>

#include "engine/io/atomic_file.h"
#include "engine/tensor/error.h"
#include "examples/support/cli.h"
#include "examples/support/results.h"
#include "nas/report/report_json.h"

using namespace nascent;
using namespace nascent::examples;

namespace {

// Whether its parts fit together is found by drawing it, table or page.
nas::ReportData read_run(const std::filesystem::path& path) {
  nas::ReportData run = nas::read_report_json(path);
  try {
    nas::render_report(run);
  } catch (const ContractError& error) {
    throw DataError(path.string() + ": is damaged: " + error.what());
  }
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> folders;
  std::string out;
  CommandLine cli("report", "Puts the runs of several folders on one page and compares their results.");
  cli.arguments("DIR", folders, "folders of search and train; the first network is the one the page is about");
  cli.text("--out", out, "FILE", "the page to write (default: print the table only)");
  cli.example("report runs/a runs/a/derived runs/a/random --out report.html", "a search and two networks");
  return cli.run(argc, argv, [&](const CommonFlags& common) {
    std::vector<nas::ReportData> runs;
    for (const std::string& folder : folders) runs.push_back(read_run(std::filesystem::path(folder) / "report.json"));
    const nas::ReportData all = nas::merge(runs);
    if (!out.empty()) write_atomically(out, nas::render_report(all));
    std::cout << (common.json ? results_json(all.results) : results_table(all.results));
    if (!out.empty() && !common.quiet) std::cerr << "wrote " << out << '\n';
    return 0;
  });
}
