#pragma once
// What every run says about itself. For .cpp files only: it needs nlohmann-json.
#include <nlohmann/json.hpp>
#include <string>

#include "nas/run/summary.h"

namespace nascent::nas {

inline constexpr const char* kVersion = NASCENT_VERSION;

Facts provenance_facts(const std::string& program, const Provenance& provenance);
nlohmann::ordered_json config_head(const std::string& program, const Provenance& provenance);

}  // namespace nascent::nas
