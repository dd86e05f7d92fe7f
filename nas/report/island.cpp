#include <cmath>
#include <nlohmann/json.hpp>

#include "nas/report/sections.h"

namespace nascent::nas {
namespace {

using nlohmann::json;

// Enough digits for a screen, few enough for a small page.
json number(double value, double scale) {
  return std::isfinite(value) ? json(std::round(value * scale) / scale) : json(nullptr);
}

json column(const History& history, const std::vector<std::size_t>& kept, double EpochRecord::*field, double scale) {
  json values = json::array();
  for (std::size_t i : kept) values.push_back(number(history.epochs[i].*field, scale));
  return values;
}

json history_json(const History& history) {
  constexpr std::size_t most_points = 2000;
  const auto kept = thinned(history.epochs.size(), most_points);
  json epochs = json::array();
  for (std::size_t i : kept) epochs.push_back(history.epochs[i].epoch);
  return {{"title", history.title},
          {"epoch", epochs},
          {"train_loss", column(history, kept, &EpochRecord::train_loss, 1e6)},
          {"train_accuracy", column(history, kept, &EpochRecord::train_accuracy, 1e6)},
          {"validation_loss", column(history, kept, &EpochRecord::validation_loss, 1e6)},
          {"validation_accuracy", column(history, kept, &EpochRecord::validation_accuracy, 1e6)},
          {"entropy", column(history, kept, &EpochRecord::entropy, 1e6)},
          {"learning_rate", column(history, kept, &EpochRecord::learning_rate, 1e9)}};
}

json alphas_json(const AlphaHistory& alphas, std::size_t cells) {
  const std::size_t most_numbers = 40'000 / cells;  // 300 KB of text for all cells
  const std::size_t frame = std::max<std::size_t>(1, alphas.edges.size() * alphas.operations.size());
  json epochs = json::array(), weights = json::array();
  for (std::size_t i : thinned(alphas.weights.size(), std::max<std::size_t>(2, most_numbers / frame))) {
    json matrix = json::array();
    for (const auto& row : alphas.weights[i]) {
      json values = json::array();
      for (double weight : row) values.push_back(number(weight, 1e4));
      matrix.push_back(std::move(values));
    }
    epochs.push_back(alphas.epochs[i]);
    weights.push_back(std::move(matrix));
  }
  return {{"cell", alphas.cell},
          {"edges", alphas.edges},
          {"operations", alphas.operations},
          {"epochs", epochs},
          {"weights", weights}};
}

}  // namespace

std::string data_island(const ReportData& data) {
  json document{{"title", data.title}, {"histories", json::array()}, {"alphas", json::array()}};
  for (const History& history : data.histories) document["histories"].push_back(history_json(history));
  for (const AlphaHistory& alphas : data.alphas) document["alphas"].push_back(alphas_json(alphas, data.alphas.size()));
  const std::string text = document.dump(-1, ' ', false, json::error_handler_t::replace);
  // '<' occurs in strings alone; escaped, no text of a person can end the script element.
  std::string safe;
  for (char c : text)
    if (c == '<')
      safe += "\\u003c";
    else
      safe += c;
  return safe;
}

}  // namespace nascent::nas
