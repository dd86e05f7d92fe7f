#include "examples/support/lecture_pictures.h"

#include "engine/io/atomic_file.h"
#include "engine/tensor/error.h"
#include "nas/report/cell_svg.h"

namespace nascent::examples {
namespace {

nas::ReportData page(const std::vector<nas::LectureEpoch>& history, const nas::ChainArchitecture& found,
                     const std::vector<nas::ResultRow>& results) {
  const nas::Space& space = nas::lecture_space();
  nas::ReportData data;
  data.title = "The course demo";
  data.results = results;
  data.chain = found;
  nas::History curve{"Search", {}};
  for (const nas::LectureEpoch& e : history)
    curve.epochs.push_back({.epoch = static_cast<int>(e.epoch),
                            .train_loss = e.step.train_loss,
                            .validation_loss = e.step.validation_loss,
                            .entropy = e.entropy / static_cast<double>(space.cells.size() * space.edges.size())});
  data.histories = {curve};
  for (std::size_t cell = 0; cell < space.cells.size(); ++cell) {
    nas::AlphaHistory alphas{space.cells[cell], nas::edge_labels(space), space.operations, {}, {}};
    for (const nas::LectureEpoch& e : history) {
      alphas.epochs.push_back(static_cast<int>(e.epoch));
      alphas.weights.push_back(nas::softmax_rows(e.alphas[cell]));
    }
    data.alphas.push_back(alphas);
  }
  return data;
}

}  // namespace

std::vector<std::string> write_lecture_pictures(const std::filesystem::path& folder,
                                                const std::vector<nas::LectureEpoch>& history,
                                                const nas::ChainArchitecture& found,
                                                const std::vector<nas::ResultRow>& results) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw FileError(folder.string() + ": cannot be made a folder (" + error.message() + ")");
  std::vector<std::string> written;
  const auto write = [&](const std::string& name, const std::string& text) {
    write_atomically(folder / name, text);
    written.push_back((folder / name).string());
  };
  write("lecture7.html", nas::render_report(page(history, found, results)));
  for (std::size_t c = 0; c < found.cells.size(); ++c)
    write("cell-" + std::to_string(c) + ".svg", nas::chain_svg(found.cells[c], "cell " + std::to_string(c)));
  return written;
}

}  // namespace nascent::examples
