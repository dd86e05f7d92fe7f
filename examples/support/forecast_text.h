#pragma once
// What `search --dry-run` prints.
#include <string>

#include "nas/search/memory_plan.h"

namespace nascent::examples {

// `limit` is what the search may take, in bytes.
std::string forecast_text(const nas::MemoryPlan& plan, const nas::SearchOptions& options, std::size_t limit);
std::string forecast_json(const nas::MemoryPlan& plan, const nas::SearchOptions& options, std::size_t limit);

}  // namespace nascent::examples
