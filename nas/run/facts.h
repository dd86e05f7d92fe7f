#pragma once
#include <string>

#include "nas/run/summary.h"

namespace nascent::nas {

const char* version();
// What every run says about itself.
Facts provenance_facts(const std::string& program, const Provenance& provenance);

}  // namespace nascent::nas
