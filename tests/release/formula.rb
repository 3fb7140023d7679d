# Reads a Homebrew formula as Homebrew would begin to: ruby tests/release/formula.rb FORMULA FOLDER
# Its address has to name a file of the folder, with the hash of that file.
require "digest"

class Formula
  def self.said = @said ||= {}
  # Kernel has one of its own.
  def self.test = said[:test] = true
  def self.method_missing(name, *values) = said[name] = values.first
  def self.respond_to_missing?(*) = true
end

formula, folder = ARGV
load formula
said = Cleudocodebot.said
archive = File.join(folder, File.basename(said.fetch(:url)))
abort "#{archive} has another hash" unless Digest::SHA256.file(archive).hexdigest == said.fetch(:sha256)
%i[desc homepage license test].each { |name| abort "no #{name}" unless said.key?(name) }
abort "desc has more than 80 characters" if said[:desc].length > 80
abort "no install" unless Cleudocodebot.method_defined?(:install)
