#include "nas/report/report.h"

#include <fmt/format.h>

#include "engine/tensor/error.h"
#include "nas/report/assets.h"
#include "nas/report/cell_svg.h"
#include "nas/report/html.h"
#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

void check(bool ok, const std::string& what, const Where& where = Where::current()) {
  if (!ok) throw ContractError("render_report", what, where);
}

void check_shapes(const ReportData& data) {
  for (const AlphaHistory& alphas : data.alphas) {
    check(alphas.epochs.size() == alphas.weights.size(),
          fmt::format("expected a label for each of {} epochs of alphas, got {}", alphas.weights.size(),
                      alphas.epochs.size()));
    for (const AlphaMatrix& matrix : alphas.weights) {
      check(matrix.size() == alphas.edges.size(),
            fmt::format("expected {} rows of alphas as there are edges, got {}", alphas.edges.size(), matrix.size()));
      for (const auto& row : matrix)
        check(row.size() == alphas.operations.size(),
              fmt::format("expected {} alphas a row as there are operations, got {}", alphas.operations.size(),
                          row.size()));
    }
  }
  const std::size_t classes = data.confusion.classes.size();
  check(data.confusion.counts.size() == classes,
        fmt::format("expected {} rows of the confusion matrix as there are classes, got {}", classes,
                    data.confusion.counts.size()));
  for (const auto& row : data.confusion.counts)
    check(row.size() == classes,
          fmt::format("expected {} columns of the confusion matrix, got {}", classes, row.size()));
}

// One pass, so that text which happens to look like a placeholder stays text.
std::string fill(std::string_view page, const std::vector<std::pair<std::string_view, std::string>>& values) {
  std::string out;
  while (true) {
    const std::size_t open = page.find("{{");
    const std::size_t close = page.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) return out.append(page);
    out.append(page.substr(0, open));
    const std::string_view name = page.substr(open + 2, close - open - 2);
    for (const auto& [key, value] : values)
      if (key == name) out += value;
    page.remove_prefix(close + 2);
  }
}

}  // namespace

std::vector<std::string> edge_labels(const Space& space) {
  std::vector<std::string> labels;
  for (std::size_t row = 0; row < space.edges.size(); ++row) {
    const Edge edge = space.edges[row];
    labels.push_back(space.inputs == 2 ? state_name(edge.source) + " → " + state_name(edge.target)
                                       : "edge " + std::to_string(row));
  }
  return labels;
}

std::string render_report(const ReportData& data) {
  check_shapes(data);
  const std::string sections = verdict_section(data) + results_section(data) + curves_section(data) +
                               alphas_section(data) + architecture_section(data) + confusion_section(data) +
                               mistakes_section(data) + facts_section(data);
  return fill(page_html, {{"title", escape(data.title)},
                          {"css", std::string(dygraphs_css) + "\n" + std::string(page_css)},
                          {"licence", std::string(dygraphs_licence)},
                          {"sections", sections},
                          {"data", data_island(data)},
                          {"dygraphs", std::string(dygraphs_js)},
                          {"js", std::string(page_js)}});
}

}  // namespace nascent::nas
