# Does with a Homebrew formula what Homebrew would: ruby tests/release/formula.rb FORMULA FOLDER
# Its address has to name a file of the folder, with the hash of that file; that is unpacked, installed and tested.
require "digest"
require "fileutils"
require "open3"
require "tmpdir"

# A folder that is installed into: files, or a file under another name. They are moved, and have to be there.
Place = Struct.new(:path) do
  def install(*files)
    files = files.flatten.flat_map { |one| one.is_a?(Hash) ? one.to_a : [[one, File.basename(one)]] }
    abort "nothing is installed in #{path}" if files.empty?
    FileUtils.mkdir_p(path)
    files.each { |from, to| FileUtils.mv(from, File.join(path, to)) }
  end

  def to_s = path
end

class Formula
  # Where each is, as in Homebrew's formula.rb.
  PLACES = {
    bin: "bin", man1: "share/man/man1", bash_completion: "etc/bash_completion.d",
    zsh_completion: "share/zsh/site-functions", fish_completion: "share/fish/vendor_completions.d"
  }.freeze

  def self.said = @said ||= {}
  # Kernel has one of its own.
  def self.test(&test) = said[:test] = test
  def self.method_missing(name, *values) = said[name] = values.first
  def self.respond_to_missing?(*) = true

  def initialize(prefix) = @prefix = prefix
  def version = self.class.said.fetch(:version)
  PLACES.each { |name, path| define_method(name) { Place.new(File.join(@prefix, path)) } }

  # What a test of a formula has.
  def shell_output(command, expected = 0)
    output, status = Open3.capture2(command)
    abort "#{command}: exit code #{status.exitstatus}" unless status.exitstatus == expected
    output
  end

  def assert_match(pattern, text)
    abort "#{text.inspect} has no #{pattern.inspect}" unless text.match?(pattern.is_a?(String) ? Regexp.escape(pattern) : pattern)
  end
end

formula, folder = ARGV
load formula
said = Cleudocodebot.said
archive = File.expand_path(File.basename(said.fetch(:url)), folder)
abort "#{archive} has another hash" unless Digest::SHA256.file(archive).hexdigest == said.fetch(:sha256)
%i[desc homepage license test].each { |name| abort "no #{name}" unless said.key?(name) }
abort "desc has more than 80 characters" if said[:desc].length > 80

Dir.mktmpdir do |work|
  prefix = File.join(work, "prefix")
  source = File.join(work, "source")
  Dir.mkdir(source)
  system("tar", "xzf", archive, "-C", source, exception: true)
  # Homebrew enters the only folder of an archive.
  only = Dir.children(source)
  source = File.join(source, only.first) if only.length == 1
  one = Cleudocodebot.new(prefix)
  Dir.chdir(source) { one.install }
  Formula::PLACES.each_value do |path|
    abort "nothing is in #{path}" if Dir.empty?(File.join(prefix, path))
  end
  abort "the program is not one" unless File.executable?(File.join(prefix, "bin/cleudocodebot"))
  Dir.chdir(work) { one.instance_eval(&said[:test]) }
end
