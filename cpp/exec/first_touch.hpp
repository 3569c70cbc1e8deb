// The first touch of fresh memory takes as long as the system likes, up to many times what is done to it later. So the
// sweeps that get there first count as long as they really take, and those to come as long for each page.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/stop_token.hpp"
#include "exec/stage_clock.hpp"
#include "plan/plan.hpp"

namespace ketjet {

class FirstTouch {
 public:
    FirstTouch(const Plan& plan, std::span<const std::int64_t> work, RunCounters& counters);

    bool is_in(std::size_t stage) const { return pages_[stage] > 0; }
    void begin(std::size_t stage);
    // So much of the stage that has begun is done, above 0.
    void go_on(double part);

 private:
    double pages_from(std::size_t stage) const;

    std::vector<double> pages_;  // by stage, that it touches first
    std::vector<double> work_;   // by stage, of all else
    RunCounters& counters_;
    double ns_per_page_ = 0;  // as found last
    std::size_t stage_ = 0;
    StageClock::Time start_{};
    double before_ = 0, after_ = 0;  // work before that stage and, but for pages, after it
};

}  // namespace ketjet
