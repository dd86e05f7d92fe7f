#include "nas/report/html.h"

#include <fmt/format.h>

#include <cmath>

namespace nascent::nas {
namespace {

constexpr const char* dash = "–";

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string grouped(std::int64_t number) {
  if (number < 0) return dash;
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string percent(double fraction, int digits) {
  return std::isfinite(fraction) ? fmt::format("{:.{}f} %", 100 * fraction, digits) : dash;
}

std::string rounded(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}f}", value, digits) : dash;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e9) return dash;
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const long whole = std::lround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string html_table(const std::string& caption, const std::vector<std::string>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<div class=\"scroll\"><table>\n<caption>" + caption + "</caption>\n<thead><tr>";
  for (const std::string& column : columns) out += "<th scope=\"col\">" + column + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += i == 0 ? "<th scope=\"row\">" + row[i] + "</th>" : "<td>" + row[i] + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string section(const std::string& id, const std::string& heading, const std::string& note,
                    const std::string& body) {
  return "<section id=\"" + id + "\">\n<h2>" + heading + "</h2>\n<p class=\"note\">" + note + "</p>\n" + body +
         "</section>\n";
}

std::string numbers(const std::string& summary, const std::string& body) {
  return "<details><summary>" + summary + "</summary>\n" + body + "</details>\n";
}

}  // namespace nascent::nas
