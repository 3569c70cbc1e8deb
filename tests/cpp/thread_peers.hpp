// Ranks that are threads of one process.
#pragma once

#include <algorithm>
#include <barrier>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "exec/peers.hpp"

class ThreadRanks {
 public:
    explicit ThreadRanks(int size)
        : size_(size),
          barrier_(size),
          gathered_(static_cast<std::size_t>(size)),
          dealt_(static_cast<std::size_t>(size)) {}

    int size() const { return size_; }

    // Calls body(peers) on a thread for each rank.
    template <class Body>
    void run(Body body) {
        std::vector<std::thread> threads;
        for (int rank = 0; rank < size_; ++rank) {
            threads.emplace_back([this, rank, &body] {
                Rank peers(*this, rank);
                body(peers);
            });
        }
        for (std::thread& thread : threads) thread.join();
    }

 private:
    using Bytes = std::vector<std::byte>;

    class Rank : public ketjet::Peers {
     public:
        Rank(ThreadRanks& all, int rank) : all_(all), rank_(rank) {}
        int rank() const override { return rank_; }
        int size() const override { return all_.size_; }
        void gather(std::span<const std::byte> mine, std::span<std::byte> all) override {
            all_.gathered_[place(rank_)] = mine.data();
            all_.barrier_.arrive_and_wait();
            for (int rank = 0; rank < size(); ++rank) {
                std::copy_n(all_.gathered_[place(rank)], mine.size(), all.data() + place(rank) * mine.size());
            }
            all_.barrier_.arrive_and_wait();
        }
        std::vector<Bytes> deal(std::span<const Bytes> given) override {
            all_.dealt_[place(rank_)] = given.data();
            all_.barrier_.arrive_and_wait();
            std::vector<Bytes> taken;
            for (int rank = 0; rank < size(); ++rank) taken.push_back(all_.dealt_[place(rank)][rank_]);
            all_.barrier_.arrive_and_wait();
            return taken;
        }
        int start(int peer, std::span<const std::byte> out, std::span<std::byte> in) override {
            {
                const std::lock_guard lock(all_.mutex_);
                all_.mail_[{rank_, peer}].emplace_back(out.begin(), out.end());
            }
            all_.arrived_.notify_all();
            awaited_.push_back({peer, in});
            return static_cast<int>(awaited_.size()) - 1;
        }
        void finish(int ticket) override {
            const auto [peer, in] = awaited_[place(ticket)];
            std::unique_lock lock(all_.mutex_);
            auto& mail = all_.mail_[{peer, rank_}];
            all_.arrived_.wait(lock, [&] { return !mail.empty(); });
            std::ranges::copy(mail.front(), in.begin());
            mail.pop_front();
        }

     private:
        static std::size_t place(int number) { return static_cast<std::size_t>(number); }

        ThreadRanks& all_;
        int rank_;
        std::vector<std::pair<int, std::span<std::byte>>> awaited_;
    };

    int size_;
    std::barrier<> barrier_;
    std::vector<const std::byte*> gathered_;
    std::vector<const Bytes*> dealt_;
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::map<std::pair<int, int>, std::deque<Bytes>> mail_;
};
