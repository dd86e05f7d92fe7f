#pragma once
// What a run leaves behind: config.json, history.jsonl, genotype.txt, genotype.json, weights.safetensors, report.json
// and report.html. Every file is replaced whole or not at all; the history grows by a line an epoch.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/json_lines.h"
#include "engine/nn/parameter_store.h"
#include "nas/report/report.h"
#include "nas/supernet/supernet.h"

namespace nascent::nas {

class RunFolder {
 public:
  // Makes the folder (and its parents); files of an earlier run in it are replaced. FileError when it cannot be made.
  explicit RunFolder(const std::filesystem::path& path);

  void write_config(const std::string& json);
  void append_history(const std::string& json_line);
  void write_genotype(const std::string& text, const std::string& json);
  // Weights and buffers in PyTorch's names and layouts; a supernet's alphas with them.
  void write_weights(const ParameterStore& store, const std::vector<NamedAlpha>& alphas = {});
  void write_report(const ReportData& data);  // report.html, and report.json for `report` to read
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::optional<JsonLines> history_;
};

}  // namespace nascent::nas
