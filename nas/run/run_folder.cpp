#include "nas/run/run_folder.h"

#include "engine/io/atomic_file.h"
#include "engine/nn/state.h"
#include "nas/report/report_json.h"

namespace nascent::nas {

RunFolder::RunFolder(const std::filesystem::path& path) : path_(path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error || !std::filesystem::is_directory(path))
    throw FileError(path.string() + ": cannot be made a folder" + (error ? " (" + error.message() + ")" : ""));
  write_atomically(path_ / "history.jsonl", "");
  history_.emplace(path_ / "history.jsonl");
}

void RunFolder::write_config(const std::string& json) { write_atomically(path_ / "config.json", json + "\n"); }

void RunFolder::append_history(const std::string& json_line) { history_->append(json_line); }

void RunFolder::write_genotype(const std::string& text, const std::string& json) {
  write_atomically(path_ / "genotype.txt", text + "\n");
  write_atomically(path_ / "genotype.json", json + "\n");
}

void RunFolder::write_weights(const ParameterStore& store, const std::vector<NamedAlpha>& alphas) {
  std::vector<NamedTensor> tensors = state_of(store);
  for (const NamedAlpha& alpha : alphas) tensors.push_back({alpha.name, alpha.value});
  write_safetensors(path_ / "weights.safetensors", tensors, {{"format", "pt"}});
}

void RunFolder::write_report(const ReportData& data) {
  write_atomically(path_ / "report.json", to_json(data) + "\n");
  write_atomically(path_ / "report.html", render_report(data));
}

}  // namespace nascent::nas
