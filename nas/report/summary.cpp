// What the run came to: the verdict, the table of results, and the facts that repeat it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nas/report/html.h"
#include "nas/report/numbers.h"
#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

std::string short_count(std::int64_t count) {
  const double value = static_cast<double>(count);
  if (count >= 1'000'000'000) return fmt::format("{:.2f} G", value / 1e9);
  if (count >= 1'000'000) return fmt::format("{:.2f} M", value / 1e6);
  if (count >= 10'000) return fmt::format("{:.1f} k", value / 1e3);
  return measured_count(count);
}

std::string tile(const std::string& value, const std::string& label) {
  return "<div class=\"tile\"><b>" + value + "</b><span>" + label + "</span></div>\n";
}

// What a search is measured against is said first, whichever way it went.
std::string comparison(const std::vector<ResultRow>& results) {
  if (results.empty()) return "No network was tested in this run.";
  const ResultRow& first = results.front();
  if (!std::isfinite(first.test_accuracy)) return fmt::format("{} was not tested.", escape(first.name));
  std::string text = fmt::format("<strong>{}</strong> classifies {} of the test images correctly", escape(first.name),
                                 percent(first.test_accuracy));
  bool compared = false;
  for (std::size_t i = 1; i < results.size(); ++i) {
    if (!std::isfinite(results[i].test_accuracy)) continue;
    const double points = 100 * (first.test_accuracy - results[i].test_accuracy);
    const std::string other = "<strong>" + escape(results[i].name) + "</strong>";
    text += compared ? ", " : ": ";
    if (std::abs(points) < 0.005)
      text += "the same as " + other;
    else
      text += fmt::format("{:.2f} points {} {}", std::abs(points), points > 0 ? "above" : "below", other);
    compared = true;
  }
  return text + ".";
}

std::string divergence(const std::vector<History>& histories) {
  for (const History& history : histories)
    for (const EpochRecord& record : history.epochs)
      if (!std::isfinite(record.train_loss))
        return fmt::format(
            "<p class=\"warning\">{}: the train loss of epoch {} is not a number; the training diverged.</p>\n",
            escape(history.title), record.epoch);
  return "";
}

std::string definition_list(const Facts& facts) {
  std::string out = "<dl>\n";
  for (const auto& [key, value] : facts)
    out += "<div><dt>" + escape(key) + "</dt><dd>" + escape(value) + "</dd></div>\n";
  return out + "</dl>\n";
}

}  // namespace

std::string verdict_section(const ReportData& data) {
  std::string out =
      "<section id=\"verdict\" class=\"verdict\">\n<h2 class=\"hidden\">Verdict</h2>\n<p class=\"lead\">" +
      comparison(data.results) + "</p>\n" + divergence(data.histories);
  if (!data.results.empty()) {
    const ResultRow& first = data.results.front();
    out += "<div class=\"tiles\">\n" + tile(percent(first.test_accuracy), "test accuracy") +
           tile(short_count(first.parameters), "parameters") + tile(short_count(first.macs), "multiply-adds an image") +
           tile(duration(first.seconds), "time") + "</div>\n";
  }
  return out + "</section>\n";
}

std::string results_section(const ReportData& data) {
  if (data.results.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const ResultRow& row : data.results)
    rows.push_back({escape(row.name), percent(row.test_accuracy), measured_count(row.parameters),
                    measured_count(row.macs), duration(row.seconds)});
  return section(
      "results", "Results",
      "A search is only as good as its distance from a random architecture of the same space that had the same "
      "training; a difference of a few tenths of a point can be the luck of one seed.",
      html_table("Networks of this run", {"network", "test accuracy", "parameters", "multiply-adds", "time"}, rows));
}

std::string facts_section(const ReportData& data) {
  std::string out;
  if (!data.facts.empty())
    out += section("run", "The run", "What was searched, on which images and with which settings.",
                   definition_list(data.facts));
  if (!data.provenance.empty())
    out += section("again", "To repeat it", "The same command and seed give the same bits, for any number of threads.",
                   definition_list(data.provenance));
  return out;
}

}  // namespace nascent::nas
