// Curves over epochs and the heat map of alphas. page.js draws the curves and moves the heat map; without it the page
// still shows the last epoch and the tables.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nas/report/html.h"
#include "nas/report/numbers.h"
#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

struct Chart {
  const char* key;  // page.js knows the chart by it
  const char* title;
  double EpochRecord::*first;
  double EpochRecord::*second;
};

constexpr Chart charts[] = {
    {"loss", "Loss", &EpochRecord::train_loss, &EpochRecord::validation_loss},
    {"accuracy", "Accuracy, %", &EpochRecord::train_accuracy, &EpochRecord::validation_accuracy},
    {"entropy", "Mean edge entropy, nats", &EpochRecord::entropy, &EpochRecord::entropy},
    {"learning_rate", "Learning rate", &EpochRecord::learning_rate, &EpochRecord::learning_rate},
};

bool measured(const History& history, const Chart& chart) {
  return std::any_of(history.epochs.begin(), history.epochs.end(), [&](const EpochRecord& record) {
    return std::isfinite(record.*chart.first) || std::isfinite(record.*chart.second);
  });
}

std::string epoch_table(const History& history) {
  constexpr std::size_t most_rows = 400;
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i : thinned(history.epochs.size(), most_rows)) {
    const EpochRecord& e = history.epochs[i];
    rows.push_back({std::to_string(e.epoch), rounded(e.train_loss, 4), percent(e.train_accuracy),
                    rounded(e.validation_loss, 4), percent(e.validation_accuracy), rounded(e.entropy, 4),
                    rounded(e.learning_rate, 6), rounded(e.images_per_second, 0)});
  }
  return numbers("All epochs as a table", html_table(escape(history.title),
                                                     {"epoch", "train loss", "train accuracy", "validation loss",
                                                      "validation accuracy", "entropy", "learning rate", "images/s"},
                                                     rows));
}

// Opacity of a weight in the heat map: 0 at 0, 1 at the largest weight of the whole search.
double largest_weight(const AlphaHistory& alphas) {
  double largest = 0;
  for (const AlphaMatrix& matrix : alphas.weights)
    for (const auto& row : matrix)
      for (double weight : row)
        if (std::isfinite(weight)) largest = std::max(largest, weight);
  return largest > 0 ? largest : 1;
}

std::string heat_map(const AlphaHistory& alphas, std::size_t number) {
  const double largest = largest_weight(alphas);
  const AlphaMatrix& last = alphas.weights.back();
  std::string out = fmt::format(
      "<div class=\"heatbox\"><table class=\"heat\" data-alphas=\"{}\">\n<caption>{} <span class=\"scale\">"
      "0 <i></i> {:.2f}</span></caption>\n<thead><tr><td></td>",
      number, escape(alphas.cell), largest);
  for (const std::string& operation : alphas.operations)
    out += "<th scope=\"col\"><span>" + escape(operation) + "</span></th>";
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t edge = 0; edge < alphas.edges.size(); ++edge) {
    out += "<tr><th scope=\"row\">" + escape(alphas.edges[edge]) + "</th>";
    for (std::size_t k = 0; k < alphas.operations.size(); ++k) {
      const double weight = last[edge][k];
      const double opacity = std::isfinite(weight) ? weight / largest : 0;
      out += fmt::format("<td style=\"--a:{:.3f}\">{}</td>", opacity,
                         std::isfinite(weight) ? fmt::format("{:.2f}", weight) : "–");
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table><p class=\"skips\"></p></div>\n";
}

}  // namespace

std::vector<std::size_t> thinned(std::size_t n, std::size_t most) {
  std::vector<std::size_t> kept;
  const std::size_t count = std::min(n, most);
  for (std::size_t i = 0; i < count; ++i) kept.push_back(count == 1 ? n - 1 : i * (n - 1) / (count - 1));
  return kept;
}

std::string curves_section(const ReportData& data) {
  std::string body;
  for (std::size_t h = 0; h < data.histories.size(); ++h) {
    const History& history = data.histories[h];
    body += "<h3>" + escape(history.title) + "</h3>\n";
    if (history.epochs.empty()) {
      body += "<p class=\"nothing\">No epoch was finished, so there is nothing to draw yet.</p>\n";
      continue;
    }
    body += fmt::format("<div class=\"charts\" data-history=\"{}\">\n", h);
    for (const Chart& chart : charts)
      if (measured(history, chart))
        body += fmt::format(
            "<figure class=\"chart\"><figcaption>{0}</figcaption><div class=\"legend\"></div><div class=\"plot\" "
            "data-chart=\"{1}\" role=\"img\" aria-label=\"{0} over epochs; the table below holds the "
            "numbers\"></div></figure>\n",
            chart.title, chart.key);
    body += "</div>\n" + epoch_table(history);
  }
  if (body.empty()) return "";
  return section(
      "curves", "Learning curves",
      "Solid is training, dashed validation, on images the weights never learn from. Losses should fall "
      "together; validation that rises while training falls is overfitting. Entropy falls as edges make up their "
      "minds.",
      body);
}

std::string alphas_section(const ReportData& data) {
  std::string maps;
  std::size_t frames = 0;
  bool has_none = false;
  for (std::size_t i = 0; i < data.alphas.size(); ++i) {
    if (data.alphas[i].weights.empty()) continue;
    maps += heat_map(data.alphas[i], i);
    const auto& operations = data.alphas[i].operations;
    has_none = has_none || std::find(operations.begin(), operations.end(), "none") != operations.end();
    frames = std::max(frames, data.alphas[i].weights.size());
  }
  if (maps.empty()) return "";
  const std::string control =
      frames < 2
          ? ""
          : "<div class=\"player\"><button type=\"button\" id=\"play\" aria-label=\"play\">▶</button><input "
            "type=\"range\" id=\"epoch\" min=\"0\" "
            "max=\"0\" value=\"0\" aria-label=\"epoch\"><output id=\"epoch-name\" for=\"epoch\"></output></div>\n";
  std::string note =
      "Each row is an edge of the cell, each column an operation; the stronger the colour, the more weight the search "
      "gives "
      "it. The outlined square is the edge's strongest operation";
  note += has_none ? " (<code>none</code> left out)." : ".";
  if (frames > 1) note += " Move the slider to watch it decide.";
  return section("alphas", "What the search came to believe", note,
                 control + "<div class=\"heats\">" + maps + "</div>\n");
}

}  // namespace nascent::nas
