// Where the network errs: the confusion matrix and its most confident mistakes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "nas/report/html.h"
#include "nas/report/numbers.h"
#include "nas/report/png_image.h"
#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

using Counts = std::vector<std::vector<std::int64_t>>;

double rate(const Counts& counts, std::size_t truth, std::size_t predicted) {
  const auto& row = counts[truth];
  const std::int64_t sum = std::accumulate(row.begin(), row.end(), std::int64_t{0});
  return sum > 0 ? static_cast<double>(row[predicted]) / static_cast<double>(sum) : 0;
}

double worst_rate(const Counts& counts) {
  double worst = 0;
  for (std::size_t t = 0; t < counts.size(); ++t)
    for (std::size_t p = 0; p < counts.size(); ++p)
      if (p != t) worst = std::max(worst, rate(counts, t, p));
  return worst;
}

// A name cut to what fits beside the matrix; bytes of one UTF-8 letter stay together.
std::string shortened(const std::string& name) {
  constexpr std::size_t longest = 14;
  if (name.size() <= longest) return escape(name);
  std::size_t end = longest - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return escape(name.substr(0, end)) + "…";
}

// Colour of a square: how much of the class for the diagonal, how near the worst confusion for the others.
double opacity(const Counts& counts, std::size_t truth, std::size_t predicted, double worst) {
  const double share = rate(counts, truth, predicted);
  return truth == predicted ? 0.15 + 0.75 * share : 0.12 + 0.78 * (worst > 0 ? share / worst : 0);
}

std::string open_svg(int width, int height) {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"confusion\" role=\"img\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{0}\" "
      "height=\"{1}\" font-size=\"12\"><title>Confusion matrix: rows are true classes, columns predictions</title>\n",
      width, height);
}

std::string frame(int left, int top, int extent) {
  return fmt::format("<rect class=\"frame\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\"/>\n</svg>\n",
                     left - 1, top - 1, extent + 1, extent + 1);
}

std::string labelled_matrix(const ConfusionMatrix& matrix) {
  constexpr int side = 46, left = 130, top = 104;
  constexpr int right = 76;  // the slanted name of the last column reaches past the matrix
  const std::size_t n = matrix.classes.size();
  const int extent = static_cast<int>(n) * side;
  const double worst = worst_rate(matrix.counts);
  const char* centred = "dominant-baseline=\"central\"";
  std::string out = open_svg(left + extent + right, top + extent + 6);
  out += fmt::format(
      "<text class=\"ink\" x=\"{}\" y=\"{}\" text-anchor=\"end\" font-style=\"italic\">true ↓ said →</text>\n",
      left - 8, top - 10);
  for (std::size_t t = 0; t < n; ++t) {
    const int y = top + static_cast<int>(t) * side;
    const std::string name = shortened(matrix.classes[t]);
    out += fmt::format("<text class=\"ink\" x=\"{}\" y=\"{}\" text-anchor=\"end\" {}>{}</text>\n", left - 8,
                       y + side / 2, centred, name);
    out += fmt::format("<text class=\"ink\" transform=\"translate({},{}) rotate(-45)\">{}</text>\n",
                       left + y - top + side / 2, top - 8, name);
    for (std::size_t p = 0; p < n; ++p) {
      const std::int64_t count = matrix.counts[t][p];
      if (count == 0 && t != p) continue;
      const int x = left + static_cast<int>(p) * side;
      const double strength = opacity(matrix.counts, t, p, worst);
      out += fmt::format(
          "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill-opacity=\"{:.2f}\"><title>{} taken for "
          "{}: {} "
          "({})</title></rect>\n",
          t == p ? "right" : "wrong", x, y, side - 1, side - 1, strength, escape(matrix.classes[t]),
          escape(matrix.classes[p]), grouped(count), percent(rate(matrix.counts, t, p), 1));
      out += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\" {}>{}</text>\n",
                         strength > 0.6 ? "on" : "ink", x + side / 2, y + side / 2, centred, count);
    }
  }
  return out + frame(left, top, extent);
}

// Many classes: names and numbers would be smaller than the eye, so squares of like strength share one path.
std::string dense_matrix(const ConfusionMatrix& matrix) {
  constexpr int levels = 10;
  const int n = static_cast<int>(matrix.classes.size()), side = 900 / n, margin = 4;
  const double worst = worst_rate(matrix.counts);
  std::map<std::pair<bool, int>, std::string> paths;  // (right, strength) -> squares
  for (int t = 0; t < n; ++t)
    for (int p = 0; p < n; ++p) {
      const std::size_t truth = static_cast<std::size_t>(t), predicted = static_cast<std::size_t>(p);
      if (matrix.counts[truth][predicted] == 0 && t != p) continue;
      const int level = static_cast<int>(levels * opacity(matrix.counts, truth, predicted, worst));
      paths[{t == p, level}] += fmt::format("M{} {}h{}v{}h-{}", margin + p * side, margin + t * side, side, side, side);
    }
  std::string out = open_svg(n * side + 2 * margin, n * side + 2 * margin);
  for (const auto& [key, squares] : paths)
    out += fmt::format("<path class=\"{}\" fill-opacity=\"{:.2f}\" d=\"{}\"/>\n", key.first ? "right" : "wrong",
                       (key.second + 0.5) / levels, squares);
  return out + frame(margin, margin, n * side);
}

std::string worst_pairs(const ConfusionMatrix& matrix) {
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>> pairs;
  for (std::size_t t = 0; t < matrix.counts.size(); ++t)
    for (std::size_t p = 0; p < matrix.counts.size(); ++p)
      if (p != t && matrix.counts[t][p] > 0) pairs.emplace_back(matrix.counts[t][p], t, p);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return std::get<0>(a) > std::get<0>(b); });
  if (pairs.empty()) return "<p>No image was taken for another class.</p>\n";
  pairs.resize(std::min<std::size_t>(pairs.size(), 6));
  std::string out = "<div class=\"worst\"><h3>Taken for each other most</h3>\n<ol>\n";
  for (const auto& [count, t, p] : pairs)
    out += fmt::format("<li>{} taken for {}: <b>{}</b> ({})</li>\n", escape(matrix.classes[t]),
                       escape(matrix.classes[p]), grouped(count), percent(rate(matrix.counts, t, p), 1));
  return out + "</ol></div>\n";
}

std::string matrix_table(const ConfusionMatrix& matrix) {
  std::vector<std::string> columns{"true class"};
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : matrix.classes) columns.push_back(escape(name));
  for (std::size_t t = 0; t < matrix.classes.size(); ++t) {
    auto& row = rows.emplace_back(std::vector<std::string>{escape(matrix.classes[t])});
    for (std::int64_t count : matrix.counts[t]) row.push_back(grouped(count));
  }
  return numbers("The matrix as a table", html_table("Confusion matrix", columns, rows));
}

}  // namespace

std::string confusion_section(const ReportData& data) {
  const std::size_t classes = data.confusion.classes.size();
  if (classes == 0) return "";
  constexpr std::size_t most_named = 20, most_drawn = 100;
  std::string body = "<div class=\"confusions\">";
  if (classes <= most_drawn)
    body += "<div class=\"scroll\">" +
            (classes <= most_named ? labelled_matrix(data.confusion) : dense_matrix(data.confusion)) + "</div>\n";
  body += worst_pairs(data.confusion) + "</div>\n";
  if (classes <= most_drawn) body += matrix_table(data.confusion);
  return section("confusion", "Which classes it confuses",
                 "Rows are what an image is, columns what the network said; the diagonal is right, everything orange "
                 "is wrong. Orange is "
                 "scaled to the most frequent confusion, so that it shows even when it is rare.",
                 body);
}

std::string mistakes_section(const ReportData& data) {
  if (data.mistakes.empty()) return "";
  constexpr std::size_t most = 24;
  std::string body = "<div class=\"mistakes\">\n";
  for (std::size_t i = 0; i < std::min(most, data.mistakes.size()); ++i) {
    const Mistake& m = data.mistakes[i];
    body += fmt::format(
        "<figure><img alt=\"{0}\" src=\"{1}\"><figcaption>is <b>{0}</b><br>said <b>{2}</b><br>{3} "
        "sure</figcaption></figure>\n",
        escape(m.truth), png_data_uri(m.pixels, m.height, m.width, m.channels), escape(m.predicted),
        percent(m.confidence));
  }
  return section("mistakes", "Its most confident mistakes",
                 "Test images it got wrong while being surest. Where you would err too, the label or the picture is to "
                 "blame; where you would "
                 "not, the network has learnt a shortcut.",
                 body + "</div>\n");
}

}  // namespace nascent::nas
