#include "nas/verify/compare.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/io/layout.h"
#include "engine/nn/state.h"

namespace nascent::nas {

void Comparison::add(double ours, double theirs) {
  difference_ += (ours - theirs) * (ours - theirs);
  size_ += theirs * theirs;
}

void Comparison::add(const Tensor& ours, const Tensor& theirs, const std::string& name) {
  if (ours.shape() != theirs.shape())
    throw DataError("tensor '" + name + "': expected shape " + ours.shape().text() + ", got " + theirs.shape().text());
  for (std::int64_t i = 0; i < ours.elements(); ++i) add(ours.at(i), theirs.at(i));
}

double Comparison::relative_error() const {
  if (size_ == 0) return difference_ == 0 ? 0 : INFINITY;
  return std::sqrt(difference_ / size_);
}

Comparison compare_gradients(const ParameterStore& store, const std::vector<Tensor>& ours,
                             const SafetensorsFile& theirs) {
  Comparison comparison;
  auto gradient = ours.begin();
  for (const Parameter& p : store.entries())
    if (p.kind == Parameter::Kind::weight)
      comparison.add(to_pytorch_layout(*gradient++, p.layout), theirs.tensor(p.name), p.name);
  return comparison;
}

Comparison compare_alphas(const Supernet& supernet, const std::vector<Tensor>& ours, const SafetensorsFile& theirs) {
  Comparison comparison;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const std::string& alpha = supernet.named_alphas()[i].name;
    comparison.add(ours[i], theirs.tensor(alpha), alpha);
  }
  return comparison;
}

void load_supernet(Supernet& supernet, const SafetensorsFile& file) {
  load_state(supernet.store(), file);
  for (const NamedAlpha& alpha : supernet.named_alphas()) {
    Tensor value = alpha.value;
    value.copy_from(file.tensor(alpha.name).cast(value.dtype()));
  }
}

std::int64_t count_children(const SafetensorsFile& file, const std::string& prefix) {
  std::set<std::string> children;
  for (const std::string& name : file.names())
    if (name.starts_with(prefix))
      children.insert(name.substr(prefix.size(), name.find('.', prefix.size()) - prefix.size()));
  return static_cast<std::int64_t>(children.size());
}

Batch read_images(const SafetensorsFile& file, const std::string& images, const std::string& labels) {
  Batch out{nchw_to_nhwc(file.tensor(images)), {}};
  for (std::int64_t label : file.integers(labels)) {
    if (label < 0 || label > std::numeric_limits<std::int32_t>::max())
      throw DataError("tensor '" + labels + "': " + std::to_string(label) + " is no label");
    out.labels.push_back(static_cast<std::int32_t>(label));
  }
  return out;
}

namespace {

std::vector<Quantity> verify_known(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "history.json")) return verify_lecture(folder);
  if (std::filesystem::exists(folder / "values.json")) return verify_darts(folder);
  throw DataError(folder.string() +
                  ": holds neither history.json (a lecture reference) nor values.json (a darts reference)");
}

}  // namespace

std::vector<Quantity> verify(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) throw FileError(folder.string() + ": is not a folder");
  const auto refuse = [&](const std::string& what) {
    throw DataError(what.find(folder.string()) != std::string::npos ? what : folder.string() + ": " + what);
  };
  // What every operation checks of its operands is what makes files fit together.
  try {
    return verify_known(folder);
  } catch (const DataError& e) {
    refuse(e.what());
  } catch (const UsageError& e) {
    refuse(e.what());
  } catch (const ContractError& e) {
    refuse(std::string("its files do not fit together: ") + e.what());
  } catch (const nlohmann::json::exception& e) {
    refuse(std::string("its JSON lacks what is expected: ") + e.what());
  }
  return {};
}

}  // namespace nascent::nas
